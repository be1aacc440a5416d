// What is asked of a file system, this computer's or another's: Node's own calls, which fail with their codes. Knows no
// image and no VM.
import { createHash } from 'node:crypto';
import { type BigIntStats, constants, createReadStream, type Stats } from 'node:fs';
import {
  access,
  chmod,
  copyFile,
  type FileHandle,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  opendir,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readFileAtMost, openToRead } from './readFileAtMost.js';
import { writeAll } from './writeAll.js';

export type FileStats = Pick<
  Stats,
  | 'isFile'
  | 'isDirectory'
  | 'isBlockDevice'
  | 'isSymbolicLink'
  | 'dev'
  | 'ino'
  | 'mode'
  | 'nlink'
  | 'uid'
  | 'gid'
  | 'rdev'
  | 'size'
  | 'blocks'
  | 'mtimeMs'
  | 'ctimeMs'
  | 'birthtimeMs'
>;
/** What a file is known by, without loss. */
export type FileNumbers = Pick<BigIntStats, 'isFile' | 'dev' | 'ino' | 'birthtimeNs'>;

/** For reading. */
export interface OpenFile {
  /**
   * By which programs of that computer open it, as long as it is open: of this file, whatever stands under its name
   * meanwhile; where a file cannot be held, its own path.
   */
  readonly path: string;
  stat(): Promise<FileStats>;
  /** Fills `into` from byte `at` on, or less of it; 0 at the end. */
  read(into: Buffer, at: number): Promise<number>;
  /** What is read next. Does something only where each read is a message to another computer. */
  readonly readAhead?: (places: readonly { readonly at: number; readonly length: number }[]) => Promise<void>;
  close(): Promise<void>;
}

/** One that we made and hold: what is done to it is done to it, whatever stands under its name meanwhile. */
export interface HeldFile {
  /** By which programs of that computer open it, as long as it is held. */
  readonly path: string;
  stat(): Promise<FileStats>;
  numbers(): Promise<FileNumbers>;
  /** From its beginning. */
  write(bytes: Uint8Array): Promise<void>;
  /** What is in a file of this computer, which is of so many bytes; nothing of its rights. */
  bring(from: string, bytes: number): Promise<void>;
  chown(user: number, group: number): Promise<void>;
  chmod(mode: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileSystem {
  /** The user who asks. */
  user(): Promise<number | undefined>;
  stat(path: string): Promise<FileStats>;
  lstat(path: string): Promise<FileStats>;
  /** Reads the numbers of the path itself and does not follow a link. */
  numbers(path: string): Promise<FileNumbers>;
  realpath(path: string): Promise<string>;
  /** @param mode constants of `access` */
  access(path: string, mode: number): Promise<void>;
  /** A file or a block device; nothing else is opened, which could keep who reads it waiting. */
  open(path: string): Promise<OpenFile>;
  /** Reads a file of the kernel, which has no length. */
  readText(path: string, mostBytes: number): Promise<string>;
  /** Undefined where there are more. */
  names(folder: string, most: number): Promise<readonly string[] | undefined>;
  /** In bytes. */
  space(folder: string): Promise<{ readonly free: number; readonly total: number }>;
  /** Fails where there is anything of that name, a link too. Nobody else may read it. */
  create(path: string): Promise<HeldFile>;
  /** One that we made. */
  hold(path: string): Promise<HeldFile>;
  /** SHA-256 of a text and what is in the file. */
  digest(path: string, before: string): Promise<string>;
  /** As a clone, where the file system can. */
  copyInto(from: string, to: HeldFile): Promise<void>;
  /** Its text is on the disk. Fails where there is anything of that name. */
  writeNew(path: string, text: string): Promise<void>;
  /** In the place of its first bytes, which are on the disk then. */
  writeOver(path: string, bytes: Buffer): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  /** Its time of last write, in milliseconds since 1970. */
  setModified(path: string, at: number): Promise<void>;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** @param mode 0700 unless given; without what the umask takes */
  mkdir(path: string, mode?: number): Promise<void>;
  /** A new one that nobody else may enter. */
  temporaryFolder(): Promise<string>;
  /** Fails where anything is in it. */
  removeFolder(folder: string): Promise<void>;
  removeTree(folder: string): Promise<void>;
  /** Names in it are on the disk. */
  flush(folder: string): Promise<void>;
}

export const thisComputer: FileSystem = {
  user: () => Promise.resolve(process.geteuid?.()),
  stat: (path) => stat(path),
  lstat: (path) => lstat(path),
  numbers: (path) => lstat(path, { bigint: true }),
  realpath: (path) => realpath(path),
  access: (path, mode) => access(path, mode),
  open: async (path) => {
    const handle = await openToRead(path);
    return {
      path: pathOfOpen(handle),
      stat: () => handle.stat(),
      read: async (into, at) => (await handle.read(into, 0, into.length, at)).bytesRead,
      close: () => handle.close(),
    };
  },
  readText: async (path, most) => (await readFileAtMost(path, most)).toString('latin1'),
  names: async (folder, most) => {
    const names: string[] = [];
    for await (const { name } of await opendir(folder)) {
      if (names.length === most) {
        return undefined;
      }
      names.push(name);
    }
    return names;
  },
  space: async (folder) => {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { free: bavail * bsize, total: blocks * bsize };
  },
  create: async (path) => {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return heldFile(await open(path, flags, 0o600));
  },
  hold: async (path) => heldFile(await open(path, constants.O_RDWR | constants.O_NOFOLLOW)),
  digest: async (path, before) => {
    const digest = createHash('sha256').update(before);
    await pipeline(createReadStream(path, { start: 0 }), digest);
    return digest.digest('hex');
  },
  copyInto: (from, to) => copyFile(from, to.path, constants.COPYFILE_FICLONE),
  writeNew: (path, text) => writeFile(path, text, { flag: 'wx', mode: 0o600, flush: true }),
  writeOver: async (path, bytes) => {
    const handle = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      await writeAll(handle, bytes, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  chmod: (path, mode) => chmod(path, mode),
  setModified: (path, at) => utimes(path, at / 1_000, at / 1_000),
  link: (from, to) => link(from, to),
  rename: (from, to) => rename(from, to),
  unlink: (path) => unlink(path),
  mkdir: async (path, mode = 0o700) => {
    await mkdir(path, { mode });
  },
  temporaryFolder: () => mkdtemp(join(tmpdir(), 'virt-rewind-')),
  removeFolder: (folder) => rmdir(folder),
  removeTree: (folder) => rm(folder, { recursive: true, force: true }),
  flush: async (folder) => {
    const handle = await open(folder, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** macOS has names for this process alone, which share the place of the next read. */
function pathOfOpen({ fd }: FileHandle): string {
  return process.platform === 'linux' ? `/proc/${process.pid}/fd/${fd}` : `/dev/fd/${fd}`;
}

function heldFile(handle: FileHandle): HeldFile {
  return {
    path: pathOfOpen(handle),
    stat: () => handle.stat(),
    numbers: () => handle.stat({ bigint: true }),
    write: (bytes) => writeAll(handle, bytes, 0),
    // A copy by its path would bring the mode of the source, and its setuid bit.
    bring: async (from, bytes) => {
      let at = 0;
      for await (const part of exactly(from, bytes)) {
        await writeAll(handle, part, at);
        at += part.length;
      }
    },
    chown: (user, group) => handle.chown(user, group),
    chmod: (mode) => handle.chmod(mode),
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

/** Its first bytes, so many. Rejects where there are fewer. */
export async function* exactly(file: string, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  if (left > 0) {
    for await (const part of createReadStream(file, { start: 0, end: bytes - 1 }) as AsyncIterable<Buffer>) {
      left -= part.length;
      yield part;
    }
  }
  if (left > 0) {
    throw new Error(`${file} is shorter by now`);
  }
}
