// The folder of a VM that is restored: begun under a name that says so, and given its own when all files are in it and
// right. A mark stays in it until libvirt has the VM.
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rename,
  rm,
  statfs,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { errnoOf, hasCode, undefinedIfAbsent } from '../../base/errno.js';
import { readFileAtMost } from '../../base/readFileAtMost.js';
import { displayLine } from '../../domain/plainText.js';
import { parseAs, parseSoundJson } from '../../journal/json.js';
import { CopiesFault } from './copiesFault.js';

const markName = '.virt-rewind-restoring';
const mostMarkBytes = 4_096;
const mark = v.object({
  uuid: v.string(),
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  /** Where the process is. Absent in older ones. */
  host: v.optional(v.string()),
  /** Of a VM that is started to see whether it does, and goes again. */
  isCheck: v.optional(v.literal(true)),
});

export type RestoreMark = v.InferOutput<typeof mark>;

/** What an interrupted restore left under the name that the VM's folder is to have; undefined: nothing is there. */
export async function readLeftRestore(folder: string): Promise<RestoreMark | undefined> {
  if ((await undefinedIfAbsent(lstat(folder))) === undefined) {
    return undefined;
  }
  const found = await readMark(folder);
  if (found === undefined) {
    throw new CopiesFault({ kind: 'folderTaken', folder });
  }
  if (!isLeft(found)) {
    throw new CopiesFault({ kind: 'restoreRuns', folder });
  }
  // Whoever used the VM since has written to one of its files, or made one.
  const { mtimeMs } = await lstat(join(folder, markName));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const { mtimeMs: own } = await lstat(join(entry.parentPath, entry.name));
    if (!entry.isDirectory() && own > mtimeMs) {
      throw new CopiesFault({ kind: 'vmInUse', folder });
    }
  }
  return found;
}

export async function readMark(folder: string): Promise<RestoreMark | undefined> {
  try {
    const text = await readFileAtMost(join(folder, markName), mostMarkBytes);
    return parseAs(mark, parseSoundJson(text.toString('utf8')));
  } catch (error) {
    // What others alone may read is none of ours.
    if (['ENOENT', 'ENOTDIR', 'EACCES'].some((code) => hasCode(error, code))) {
      return undefined;
    }
    throw error;
  }
}

/** Of this process. */
export function markOfUs(): Pick<RestoreMark, 'pid' | 'host'> {
  return { pid: process.pid, host: hostname() };
}

/** Whether nobody works there any more. Nobody knows of a process on another computer. */
export function isLeft({ pid, host }: Pick<RestoreMark, 'pid' | 'host'>): boolean {
  return (host === undefined || host === hostname()) && !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

export function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}

/**
 * Beside the folder that it becomes; what a killed one has begun there goes first, as it takes the room. Others
 * may pass through it: QEMU runs as another user.
 */
export async function beginFolder(folder: string, bytes: number): Promise<string> {
  return orFault(folder, async () => {
    await mkdir(dirname(folder), { recursive: true });
    const begins = `${basename(folder)}.restoring-`;
    for (const left of (await readdir(dirname(folder))).filter((entry) => entry.startsWith(begins))) {
      const found = await readMark(join(dirname(folder), left));
      if (found !== undefined && isLeft(found)) {
        await removeFolder(join(dirname(folder), left));
      }
    }
    const { bavail, bsize } = await statfs(dirname(folder));
    if (bavail * bsize < bytes) {
      throw new CopiesFault({ kind: 'noRoom', folder: dirname(folder), bytes, free: bavail * bsize });
    }
    const begun = await mkdtemp(join(dirname(folder), begins));
    await writeFile(join(begun, markName), JSON.stringify({ ...markOfUs(), uuid: '' }), { flag: 'wx', mode: 0o600 });
    return begun;
  });
}

export interface PlacedFile {
  readonly stored: string;
  readonly bytes: number;
  /** Where it goes within the folder of the VM. */
  readonly place: string;
}

/**
 * Out of what restic wrote, which is as in the repository: a link in it could lead anywhere on this computer.
 * @throws CopiesFault `brokenBackup` where one is missing, no plain file, or of another size
 */
export async function placeFiles(raw: string, files: readonly PlacedFile[]): Promise<void> {
  const root = await realpath(raw);
  for (const { stored, bytes, place } of files) {
    const from = join(root, stored);
    const found = await undefinedIfAbsent(lstat(from));
    if (found?.isFile() !== true || found.size !== bytes || (await realpath(from)) !== from) {
      throw new CopiesFault({ kind: 'brokenBackup' });
    }
    await mkdir(dirname(place), { recursive: true, mode: 0o711 });
    await rename(from, place);
    await chmod(place, (found.mode & 0o777) | 0o600);
  }
}

/** From here on the files have their paths. @throws CopiesFault where something is there under that name */
export async function nameFolder(from: string, folder: string, written: RestoreMark): Promise<void> {
  await orFault(folder, async () => {
    await writeFile(join(from, markName), JSON.stringify(written), { flag: 'wx', mode: 0o600, flush: true });
    if ((await undefinedIfAbsent(lstat(folder))) !== undefined) {
      throw new CopiesFault({ kind: 'folderTaken', folder });
    }
    await rename(from, folder);
  });
}

export function unmarkFolder(folder: string): Promise<void> {
  return unlink(join(folder, markName));
}

/** What the file system says, as why a folder cannot be written. */
export async function orFault<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw errnoOf(error) === undefined
      ? error
      : new CopiesFault({ kind: 'cannotWrite', folder, said: displayLine((error as Error).message) });
  }
}
