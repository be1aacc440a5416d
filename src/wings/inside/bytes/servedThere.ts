// An image on another host as a disk: qemu-nbd runs there, and the login to it carries what it says. Nothing stays
// there: the server ends with the connection, and the shell removes its socket.
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { HostLogin } from '../../../hosts/hostLogin.js';
import { noLog } from '../../../base/log.js';
import { shellWord } from '../../../base/shellWord.js';
import { withShellHost } from '../../../driver/files/shellHost.js';
import { Failure } from '../../../domain/failure.js';
import { DiskError } from './disk.js';
import { type NbdDisk, speakNbd } from './nbdDisk.js';
import { type ServedImage, serverArguments, withJudged } from './servedImage.js';

const mostSaid = 64 * 1024;
const patienceMs = 30_000;

/**
 * The image is judged by our own reader there. Rejects with `DiskError`, whose message says what the host said, and
 * with a Failure `refused` where the image may lead to other files, or another one took its place meanwhile.
 */
export async function serveThere(image: ServedImage, login: HostLogin, signal: AbortSignal): Promise<NbdDisk> {
  try {
    return await withShellHost({ open: login.openShell, hostname: login.hostname, log: noLog }, ({ files }) =>
      withJudged(image, files, (chain) => serve(serverArguments(chain, image), login, signal)),
    );
  } catch (error) {
    // There is no shell.
    throw error instanceof Failure && error.kind !== 'refused' ? new DiskError(error.message) : error;
  }
}

async function serve(words: readonly string[], login: HostLogin, signal: AbortSignal): Promise<NbdDisk> {
  const mark = `virt-rewind-${randomBytes(12).toString('hex')}`;
  const stream = await login.openShell().catch((error: unknown) => {
    throw new DiskError(error instanceof Error ? error.message : String(error));
  });
  const stop = (): void => void stream.destroy();
  const timer = setTimeout(stop, patienceMs);
  signal.addEventListener('abort', stop);
  try {
    stream.write(scriptOf(words, mark));
    const [code = '', host = '', said = ''] = await answerOf(stream, mark);
    if (!login.isHost(host)) {
      throw new DiskError(`the login leads to ${host}`);
    }
    if (code !== '0') {
      throw new DiskError(said);
    }
    return await speakNbd(stream);
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/**
 * The shell reads all of it before it does any: what comes behind is for the server. Where no netcat is installed, it
 * starts none, for nobody could end it.
 */
function scriptOf(args: readonly string[], mark: string): string {
  const words = args.map(shellWord).join(' ');
  return `{
umask 077
folder=$(mktemp -d) || exit
trap 'kill "$(cat "$folder/pid")"; rm -rf "$folder"' EXIT
trap exit HUP INT TERM PIPE
if command -v ncat >/dev/null; then set -- ncat -U; else set -- nc -N -U; fi
said=$(export LC_ALL=C; command -v "$1" >/dev/null || { echo 'netcat is not installed there'; exit 1; }
  qemu-nbd --fork --pid-file "$folder/pid" --socket "$folder/disk" ${words} 2>&1 </dev/null)
printf '\\n%s\\n%s\\n%s\\n%s\\n%s\\n' ${mark} "$?" "$(uname -n)" "$said" ${mark}
[ -S "$folder/disk" ] && "$@" "$folder/disk"
exit
} 2>/dev/null
`;
}

/** What stands between the marks; what is behind them is left in the stream. Rejects with `DiskError`. */
function answerOf(stream: Duplex, mark: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    let heard: Buffer = Buffer.alloc(0);
    const end = (error?: Error): void => fail(error?.message ?? 'the login ended');
    const fail = (message: string): void => {
      leave();
      reject(new DiskError(message));
    };
    const leave = (): void => {
      stream.off('data', hear).off('error', end).off('close', end).off('end', end);
      stream.pause();
    };
    const hear = (chunk: Buffer): void => {
      heard = Buffer.concat([heard, chunk]);
      const from = heard.indexOf(`\n${mark}\n`);
      const to = from < 0 ? -1 : heard.indexOf(`\n${mark}\n`, from + 1);
      if (to >= 0) {
        leave();
        stream.unshift(heard.subarray(to + mark.length + 2));
        const [code = '', host = '', ...said] = heard.toString('utf8', from + mark.length + 2, to).split('\n');
        resolve([code, host, said.join('\n').trim()]);
      } else if (heard.length > mostSaid) {
        fail('the login says too much');
      }
    };
    stream.on('data', hear).on('error', end).on('close', end).on('end', end);
  });
}
