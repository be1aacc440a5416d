// An image as a disk: qemu-nbd reads it, with all that it rests on, or a snapshot inside it. It takes no lock, so that
// the VM can be started meanwhile, and ends with the connection to it, and so with this process. Until it is connected,
// a guard ends it with this process: a server that nobody connects to waits for ever.
import { type ChildProcess, spawn } from 'node:child_process';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { findProgram } from '../../../base/findProgram.js';
import { thisComputer } from '../../../base/fileSystem.js';
import { Failure } from '../../../domain/failure.js';
import { JudgedChain } from '../../../qemu/judgedChain.js';
import { readTag } from '../../../qemu/localImage.js';
import { type ImageHost, qemuImg } from '../../../qemu/qemuImg.js';
import { withTagAsPresent } from '../../../qemu/tagAsPresent.js';
import { DiskError } from './disk.js';
import { type NbdDisk, openNbdDisk } from './nbdDisk.js';
import guardedServer from './servedImage.sh';

export interface ServedImage {
  readonly file: string;
  /** As its user reads it. */
  readonly format: string;
  /** A snapshot inside of it, in place of the current state. */
  readonly tag?: string;
  /** What it rests on, the next first, in place of what it and these say themselves. Absent: that. */
  readonly below?: readonly Pick<ServedImage, 'file' | 'format'>[];
}

const mostSaid = 2_000;
const patienceMs = 20_000;
const betweenTriesMs = 10;

/** Not `-t`: it is to end when nobody is connected any more. */
function serverArguments(image: JudgedChain, { tag, over }: { tag?: string; over?: string }): readonly string[] {
  return [
    '--read-only',
    // Where a list of options ends a value at a comma, a second comma stands for one.
    ...(tag === undefined ? [] : ['--load-snapshot', `snapshot.name=${tag.replaceAll(',', ',,')}`]),
    image.graph({ shared: true, ...(over !== undefined && { over }) }),
  ];
}

/**
 * Once it is connected, the server has opened all of it.
 * @param serve with the arguments of the server
 */
async function serveChain<T>(
  chain: JudgedChain,
  { file, tag }: ServedImage,
  host: ImageHost,
  serve: (words: readonly string[]) => Promise<T>,
): Promise<T> {
  const inside = tag === undefined ? undefined : await readTag(chain.layers[0].name, tag, host.files);
  return inside === undefined || (inside.diskBytes ?? inside.virtualBytes) === inside.virtualBytes
    ? serve(serverArguments(chain, tag === undefined ? {} : { tag }))
    : withTagAsPresent(chain, inside, host, { doing: 'looking at an image', path: file }, (over) =>
        serve(serverArguments(chain, { over })),
      );
}

/**
 * Undefined where qemu-nbd is not installed. Rejects with `DiskError`, whose message says what QEMU said,
 * and with a Failure `refused` where the image may lead to other files.
 */
export async function serveImage(
  image: ServedImage,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<NbdDisk | undefined> {
  const program = await findProgram('qemu-nbd', environment);
  if (program === undefined) {
    return undefined;
  }
  const host = { files: thisComputer, qemuImg: qemuImg(environment) };
  return withJudged(image, host, (words) => serve(program, words, environment, signal));
}

/**
 * Rejects with a Failure `refused`; else with `DiskError`, in which files have the names that people know.
 * @param use the arguments of a server
 */
export async function withJudged<T>(
  image: ServedImage,
  host: ImageHost,
  use: (words: readonly string[]) => Promise<T>,
): Promise<T> {
  try {
    return await JudgedChain.within(image, host.files, (chain) =>
      serveChain(chain, image, host, use).catch((error: unknown) => {
        throw error instanceof DiskError ? new DiskError(chain.inPaths(error.message)) : error;
      }),
    );
  } catch (error) {
    throw error instanceof Failure && error.kind !== 'refused' ? new DiskError(error.message) : error;
  }
}

async function serve(
  program: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<NbdDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'virt-rewind-'));
  try {
    const socketPath = join(folder, 'disk');
    const server = spawn('/bin/sh', ['-c', guardedServer, folder, program, '--socket', socketPath, ...words], {
      env: { ...environment, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl+C in a terminal is for us, and ends it by the end of the connection.
      detached: true,
    });
    try {
      return await connectTo(server, socketPath, signal);
    } catch (error) {
      // It only reads, and loses a SIGTERM that comes before its main loop: then it would wait for ever.
      server.kill('SIGKILL');
      throw error;
    } finally {
      dismissGuard(server);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function dismissGuard({ stdio: { 3: guard } }: ChildProcess): void {
  if (guard instanceof Writable) {
    guard.on('error', () => undefined).end('connected\n');
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
