// The file system of another computer, through a shell there that has GNU's coreutils and find.
import { constants } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import {
  exactly,
  type FileNumbers,
  type FileStats,
  type FileSystem,
  type HeldFile,
  type OpenFile,
} from '../../base/fileSystem.js';
import { Failure } from '../../domain/failure.js';
import { BadImage, type Place } from '../../qemu/imageBytes.js';
import { type HostShell, type ShellAnswer, ShellEnded } from '../../hosts/hostShell.js';

/** Where a command is carried out: `undefined` where nobody holds anything of it. */
type Ask = (words: readonly string[]) => Promise<ShellAnswer>;

/** The file that a shell of ours holds open. */
const held = '/proc/self/fd/5';

type Run = (...words: readonly string[]) => Promise<ShellAnswer>;

/** @param shell the one that holds what is made; absent: nothing is made */
export function shellFileSystem(ask: Ask, shell?: HostShell): FileSystem {
  const run: Run = async (...words) => {
    const answer = await ask(words);
    if (answer.code !== 0) {
      throw errnoError(answer.said);
    }
    return answer;
  };
  const text = async (...words: readonly string[]): Promise<string> => (await run(...words)).out.toString('utf8');
  const runOnly = async (...words: readonly string[]): Promise<void> => {
    await run(...words);
  };
  const statOf = async (...words: readonly string[]): Promise<Stat> => parseStat(await text(...words));
  return {
    user: async () => Number(await text('id', '-u')),
    stat: async (path) => (await statOf('facts_of', '-Lc', path)).stats,
    lstat: async (path) => (await statOf('facts_of', '-c', path)).stats,
    numbers: async (path) => (await statOf('facts_of', '-c', path)).numbers,
    realpath: async (path) => (await text('realpath', '-ez', '--', path)).replace(/\0$/u, ''),
    access: (path, mode) =>
      runOnly('may', path, [...letters].flatMap(([letter, bit]) => ((mode & bit) === 0 ? [] : [letter])).join(' ')),
    open: (path) => Promise.resolve(new RemoteFile(path, run)),
    readText: async (path, most) => (await run('text', path, String(most))).out.toString('latin1'),
    names: async (folder, most) => {
      const { out, said } = await run('names', folder, String(most + 1));
      if (said !== '') {
        throw errnoError(said);
      }
      const names = out.toString('utf8').split('\0').slice(0, -1);
      return names.length > most ? undefined : names;
    },
    space: async (folder) => {
      const told = await text('stat', '-fc', '%a %b %S', '--', folder);
      const [free = NaN, total = NaN, unit = NaN] = told.split(' ').map(Number);
      return { free: free * unit, total: total * unit };
    },
    create: (path) => (shell === undefined ? Promise.reject(errnoError('')) : hold('make', path, shell, run)),
    hold: (path) => (shell === undefined ? Promise.reject(errnoError('')) : hold('facts_of', path, shell, run)),
    digest: async (path, before) => {
      const told = await text('digest', path, before);
      if (!/^[\da-f]{64}\b/u.test(told)) {
        throw errnoError(told);
      }
      return told.slice(0, 64);
    },
    copyInto: async (from, to) => {
      const never = new AbortController().signal;
      const answer = await shell?.watch(['cp', '--reflink=auto', '--', from, to.path], never, () => undefined);
      if (answer?.code !== 0) {
        throw errnoError(answer?.said ?? '');
      }
    },
    writeNew: (path, content) => runOnly('write', path, content),
    writeOver: (path, bytes) => runOnly('over', path, bytes.toString('base64')),
    chmod: (path, mode) => runOnly('chmod', mode.toString(8), '--', path),
    setModified: (path, at) => runOnly('touch', '-cmd', `@${(at / 1_000).toFixed(6)}`, '--', path),
    link: (from, to) => runOnly('ln', '-T', '--', from, to),
    rename: (from, to) => runOnly('mv', '-fT', '--', from, to),
    unlink: (path) => runOnly('unlink', '--', path),
    mkdir: (path, mode = 0o700) => runOnly('mkdir', '-m', mode.toString(8), '--', path),
    temporaryFolder: async () => (await text('mktemp', '-dt', 'virt-rewind-XXXXXXXXXX')).replace(/\n$/u, ''),
    removeFolder: (folder) => runOnly('rmdir', '--', folder),
    removeTree: (folder) => runOnly('rm', '-rf', '--', folder),
    flush: (folder) => runOnly('sync', '--', folder),
  };
}

const letters = new Map([
  ['r', constants.R_OK],
  ['w', constants.W_OK],
  ['x', constants.X_OK],
]);

/** Made where nothing was, or there already; and held open: what is held must be what stood there. */
async function hold(how: 'make' | 'facts_of', path: string, shell: HostShell, run: Run): Promise<HeldFile> {
  const words = how === 'make' ? [how, path] : [how, '-c', path];
  const made = parseStat((await run(...words)).out.toString('utf8'));
  shell.tell('hold', path);
  const statHeld = async (): Promise<Stat> => parseStat((await run('facts_of', '-Lc', held)).out.toString('utf8'));
  const runOnly = async (...words: readonly string[]): Promise<void> => {
    await run(...words);
  };
  const close = (): Promise<void> => {
    shell.tell('let_go');
    return Promise.resolve();
  };
  const { numbers } = await statHeld();
  if (numbers.dev !== made.numbers.dev || numbers.ino !== made.numbers.ino) {
    await close();
    throw errnoError(`${path} was replaced while it was made`);
  }
  return {
    path: held,
    stat: async () => (await statHeld()).stats,
    numbers: () => Promise.resolve(numbers),
    write: (bytes) => runOnly('fill', Buffer.from(bytes).toString('base64')),
    bring: async (from, bytes) => {
      // The shell would wait for what is missing, and take what is more for commands.
      const answer = await shell.feed([['take', String(bytes)]], (input, signal) =>
        pipeline(() => exactly(from, bytes), input, { end: false, signal }),
      );
      if (answer.code !== 0) {
        throw errnoError(answer.said);
      }
    },
    chown: (user, group) => runOnly('chown', `${user}:${group}`, held),
    chmod: (mode) => runOnly('chmod', mode.toString(8), held),
    sync: () => runOnly('sync', held),
    close,
  };
}

/** By its path: what is read after it was looked at must be of the same file. */
class RemoteFile implements OpenFile {
  readonly path: string;
  readonly #run: Run;
  readonly #ahead = new Map<string, Buffer>();
  #which = '';

  constructor(path: string, run: Run) {
    this.path = path;
    this.#run = run;
  }

  async stat(): Promise<FileStats> {
    const { out, said } = await this.#run('head_of', this.path);
    const { numbers, stats } = parseStat(said);
    this.#which = `${numbers.dev}:${numbers.ino}`;
    this.#ahead.clear();
    this.#ahead.set(`0 ${out.length}`, out);
    return stats;
  }

  async read(into: Buffer, at: number): Promise<number> {
    const place = `${at} ${into.length}`;
    const known = this.#ahead.get(place);
    this.#ahead.delete(place);
    return (known ?? (await this.#pieces([{ at, length: into.length }]))).copy(into);
  }

  readonly readAhead = async (places: readonly Place[]): Promise<void> => {
    const bytes = await this.#pieces(places);
    let from = 0;
    for (const { at, length } of places) {
      this.#ahead.set(`${at} ${length}`, bytes.subarray(from, from + length));
      from += length;
    }
    if (from !== bytes.length) {
      throw new BadImage('the file is shorter by now');
    }
  };

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #pieces(places: readonly Place[]): Promise<Buffer> {
    const numbers = places.flatMap(({ at, length }) => [String(at), String(length)]);
    const { out, said } = await this.#run('pieces', this.path, ...numbers);
    if (said !== this.#which) {
      throw new BadImage('another file took its place');
    }
    return out;
  }
}

interface Stat {
  readonly stats: FileStats;
  readonly numbers: FileNumbers;
}

const kinds = { mask: 0o170_000, file: 0o100_000, folder: 0o040_000, block: 0o060_000, link: 0o120_000 } as const;

/** What `facts_of` told. */
function parseStat(told: string): Stat {
  const words = told.trim().split(' ');
  const [
    modeWord = '',
    dev = '',
    ino = '',
    uid = '',
    gid = '',
    links = '',
    major = '',
    minor = '',
    size = '',
    ...more
  ] = words;
  const [blocks = '', unit = '', ...times] = more;
  if (times.length !== 3 || !times.every((time) => /^-?\d+\.\d{9}$/u.test(time))) {
    throw errnoError(`stat told ${told.slice(0, 200)}`);
  }
  const mode = parseInt(modeWord, 16);
  const is = (kind: number): boolean => (mode & kinds.mask) === kind;
  const [mtimeMs = 0, ctimeMs = 0, birthtimeMs = 0] = times.map(milliseconds);
  const [majorNumber, minorNumber] = [parseInt(major, 16), parseInt(minor, 16)];
  return {
    stats: {
      isFile: () => is(kinds.file),
      isDirectory: () => is(kinds.folder),
      isBlockDevice: () => is(kinds.block),
      isSymbolicLink: () => is(kinds.link),
      dev: Number(dev),
      ino: Number(ino),
      mode,
      uid: Number(uid),
      gid: Number(gid),
      nlink: Number(links),
      rdev: (minorNumber & 0xff) + (majorNumber & 0xfff) * 0x100 + (minorNumber >>> 8) * 0x10_0000,
      size: Number(size),
      blocks: (Number(blocks) * Number(unit)) / 512,
      mtimeMs,
      ctimeMs,
      birthtimeMs,
    },
    numbers: {
      isFile: () => is(kinds.file),
      dev: BigInt(dev),
      ino: BigInt(ino),
      birthtimeNs: BigInt((times[2] ?? '').replace('.', '')),
    },
  };
}

/** As Node counts them. */
function milliseconds(time: string): number {
  const [seconds, nanoseconds] = time.split('.').map(Number);
  return (seconds ?? 0) * 1_000 + (nanoseconds ?? 0) / 1_000_000;
}

const codes: readonly (readonly [code: string, words: string])[] = [
  ['ENOENT', 'No such file or directory'],
  ['ENOTDIR', 'Not a directory'],
  ['ENOTEMPTY', 'Directory not empty'],
  ['EPERM', 'Operation not permitted'],
  ['EROFS', 'Read-only file system'],
  ['EACCES', 'Permission denied'],
  ['EEXIST', 'File exists'],
  ['ENOSPC', 'No space left on device'],
  ['EDQUOT', 'Disk quota exceeded'],
  ['EBUSY', 'Device or resource busy'],
  ['ETXTBSY', 'Text file busy'],
  ['EXDEV', 'Invalid cross-device link'],
  ['ELOOP', 'Too many levels of symbolic links'],
  ['ENAMETOOLONG', 'File name too long'],
  ['EIO', 'Input/output error'],
  ['EOPNOTSUPP', 'Operation not supported'],
];

/** Where the shell ended before it answered, nobody knows what became of it there. */
export function lostWithShell(error: unknown): unknown {
  return error instanceof ShellEnded ? new Failure('lost', { libvirtMessage: error.message }, { cause: error }) : error;
}

/** Programs end with the system's words; a name before them may hold the same. */
export function errnoError(said: string): Error {
  const lines = said.trim().split('\n');
  const code = codes.find(([, words]) => lines.some((line) => line.endsWith(`: ${words}`)))?.[0];
  return Object.assign(new Error(said.trim() === '' ? 'it failed' : said.trim()), code && { code });
}
