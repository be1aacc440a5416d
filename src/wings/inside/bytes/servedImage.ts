// An image as a disk: qemu-nbd reads it, with all that it rests on, or a snapshot inside it. It takes no lock, so that
// the VM can be started meanwhile, and ends with the connection to it, and so with this process.
import { type ChildProcess, spawn } from 'node:child_process';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../../base/findProgram.js';
import { DiskError } from './disk.js';
import { type NbdDisk, openNbdDisk } from './nbdDisk.js';

export interface ServedImage {
  readonly file: string;
  /** As whoever uses it reads it. */
  readonly format: string;
  /** A snapshot inside of it, in place of the present. */
  readonly tag?: string;
  /** What it rests on, the next first, in place of what it and these say themselves. Absent: that. */
  readonly below?: readonly Pick<ServedImage, 'file' | 'format'>[];
}

const mostSaid = 2_000;
const patienceMs = 20_000;
const betweenTriesMs = 10;

/** Where a list of options ends a value at a comma, and a second comma stands for one. */
function optionValue(value: string): string {
  return value.replaceAll(',', ',,');
}

/** Not `-t`: it is to end when nobody is connected any more. */
export function serverArguments({ file, format, tag, below = [] }: ServedImage): readonly string[] {
  const layers = [{ file, format }, ...below].map((layer, depth) => {
    const own = 'backing.'.repeat(depth);
    return [
      `${own}driver=${optionValue(layer.format)}`,
      `${own}file.driver=file`,
      `${own}file.filename=${optionValue(layer.file)}`,
    ].join(',');
  });
  const image = [...layers, 'force-share=on'].join(',');
  return [
    '--read-only',
    ...(tag === undefined ? [] : ['--load-snapshot', `snapshot.name=${optionValue(tag)}`]),
    '--image-opts',
    image,
  ];
}

/** Undefined where qemu-nbd is not installed. Rejects with `DiskError`, whose message says what QEMU said. */
export async function serveImage(
  image: ServedImage,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<NbdDisk | undefined> {
  const program = await findProgram('qemu-nbd', environment);
  if (program === undefined) {
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'virt-rewind-'));
  try {
    const socketPath = join(folder, 'disk');
    const server = spawn(program, ['--socket', socketPath, ...serverArguments(image)], {
      env: { ...environment, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own: Ctrl+C in a terminal is for us, and ends it by the end of the connection.
      detached: true,
    });
    try {
      return await connectTo(server, socketPath, signal);
    } catch (error) {
      // It only reads, and loses a SIGTERM that comes before its main loop: then it would wait for ever.
      server.kill('SIGKILL');
      throw error;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function connectTo(server: ChildProcess, socketPath: string, signal: AbortSignal): Promise<NbdDisk> {
  let said = '';
  server.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-mostSaid)));
  let ended: string | undefined;
  // With its last words, not before them.
  server.once('close', () => (ended ??= said.trim() === '' ? 'qemu-nbd ended' : said.trim()));
  server.once('error', (error) => (ended ??= error.message));
  for (const until = Date.now() + patienceMs; ;) {
    signal.throwIfAborted();
    if (ended !== undefined) {
      throw new DiskError(ended);
    }
    try {
      await access(socketPath);
      const disk = await openNbdDisk(socketPath);
      server.unref();
      return disk;
    } catch (error) {
      if (Date.now() > until) {
        throw new DiskError(`qemu-nbd does not answer: ${String(error)}`);
      }
    }
    // It tells nobody when it listens.
    await new Promise((resolve) => setTimeout(resolve, betweenTriesMs));
  }
}
