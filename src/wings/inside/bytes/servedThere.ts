// An image on another host as a disk: qemu-nbd runs there, and the login to it carries what it says. Nothing stays
// there: the server ends with the connection, and the shell removes its socket.
import type { HostLogin } from '../../../hosts/hostLogin.js';
import { noLog } from '../../../base/log.js';
import { HostShell } from '../../../hosts/hostShell.js';
import { withShellHost } from '../../../driver/files/shellHost.js';
import { Failure } from '../../../domain/failure.js';
import { DiskError } from './disk.js';
import { type NbdDisk, speakNbd } from './nbdDisk.js';
import { type ServedImage, withJudged } from './servedImage.js';
import functions from './servedThere.sh';

const patienceMs = 30_000;

/**
 * The image is judged by our own reader there. Rejects with `DiskError`, whose message says what the host said, and
 * with a Failure `refused` where the image may lead to other files, or another one took its place meanwhile.
 */
export async function serveThere(image: ServedImage, login: HostLogin, signal: AbortSignal): Promise<NbdDisk> {
  try {
    return await withShellHost({ login, log: noLog }, (host) =>
      withJudged(image, host, (words) => serve(words, login, signal)),
    );
  } catch (error) {
    // There is no shell.
    throw error instanceof Failure && error.kind !== 'refused' ? new DiskError(error.message) : error;
  }
}

async function serve(words: readonly string[], login: HostLogin, signal: AbortSignal): Promise<NbdDisk> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  const timer = setTimeout(end, patienceMs);
  signal.addEventListener('abort', end);
  let shell: HostShell | undefined;
  try {
    shell = await HostShell.open(login, { setUp: functions, signal: stop.signal }).catch(asDiskError);
    const { code, said } = await shell.keep('serve', ...words).catch(asDiskError);
    if (code !== 0) {
      throw new DiskError(said);
    }
    return await speakNbd(shell.become([['relay']]));
  } catch (error) {
    shell?.close();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function asDiskError(error: unknown): never {
  throw new DiskError(error instanceof Error ? error.message : String(error));
}
