// The folder of a VM that is restored: begun under a name that says so, and given its own when all files are in it and
// right. A mark stays in it until libvirt has the VM.
import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import * as v from 'valibot';
import { errnoOf, hasCode, isAbsent, undefinedIfAbsent } from '../../../base/errno.js';
import type { FileSystem } from '../../../base/fileSystem.js';
import { displayLine } from '../../../domain/plainText.js';
import { parseAs, parseSoundJson } from '../../../journal/json.js';
import { CopiesFault } from '../copiesFault.js';
import { isLeft, markOfUs, processMarkShape } from '../../../journal/processMark.js';
import { makeFolders } from '../host/vmHost.js';

const markName = '.virt-rewind-restoring';
const mostMarkBytes = 4_096;
const mark = v.object({
  ...processMarkShape.entries,
  uuid: v.string(),
  /** Of a VM that is started to see whether it does, and goes again. */
  isCheck: v.optional(v.literal(true)),
});

export type RestoreMark = v.InferOutput<typeof mark>;

/** What an interrupted restore left under the name that the VM's folder is to have; undefined: nothing is there. */
export async function readLeftRestore(files: FileSystem, folder: string): Promise<RestoreMark | undefined> {
  if ((await undefinedIfAbsent(files.lstat(folder))) === undefined) {
    return undefined;
  }
  const found = await readMark(files, folder);
  if (found === undefined) {
    throw new CopiesFault({ kind: 'folderTaken', folder });
  }
  if (!(await isFolderLeft(files, folder, found))) {
    throw new CopiesFault({ kind: 'restoreRuns', folder });
  }
  // Whoever used the VM since has written to one of its files, or made one.
  const { mtimeMs } = await files.lstat(posix.join(folder, markName));
  if ((await newestIn(files, folder)) > mtimeMs) {
    throw new CopiesFault({ kind: 'vmInUse', folder });
  }
  return found;
}

/** Whether nobody writes to a folder with this mark any more. */
export async function isFolderLeft(files: FileSystem, folder: string, found: RestoreMark): Promise<boolean> {
  return isLeft(found, async () => {
    // A restored file has the time of the original.
    const newest = await newestIn(files, folder, 'ctimeMs');
    // By the clock of the computer that writes, which may be another day. Not in that folder, which would change.
    const probe = posix.join(posix.dirname(folder), `.virt-rewind-${randomBytes(8).toString('hex')}`);
    return orFault(posix.dirname(folder), async () => {
      await files.mkdir(probe);
      try {
        return (await files.lstat(probe)).ctimeMs - newest;
      } finally {
        await files.removeTree(probe);
      }
    });
  });
}

/** When one of its files was written to last; by `ctimeMs`, or changed in another way. */
async function newestIn(files: FileSystem, folder: string, time: 'mtimeMs' | 'ctimeMs' = 'mtimeMs'): Promise<number> {
  let newest = 0;
  for (const name of await namesIn(files, folder)) {
    const path = posix.join(folder, name);
    const found = await files.lstat(path);
    newest = Math.max(newest, found.isDirectory() ? await newestIn(files, path, time) : found[time]);
  }
  return newest;
}

const mostNames = 100_000;

export async function namesIn(files: FileSystem, folder: string): Promise<readonly string[]> {
  const names = await files.names(folder, mostNames);
  if (names === undefined) {
    throw new CopiesFault({ kind: 'cannotWrite', folder, said: `more than ${mostNames} files` });
  }
  return names;
}

export async function readMark(files: FileSystem, folder: string): Promise<RestoreMark | undefined> {
  const text = await readOwn(files, posix.join(folder, markName), mostMarkBytes);
  return text === undefined ? undefined : parseAs(mark, parseSoundJson(text));
}

/** Undefined where there is no such file of ours. */
export async function readOwn(files: FileSystem, path: string, mostBytes: number): Promise<string | undefined> {
  try {
    const isFile = (await files.lstat(path)).isFile();
    return isFile ? Buffer.from(await files.readText(path, mostBytes), 'latin1').toString('utf8') : undefined;
  } catch (error) {
    // What others alone may read is none of ours.
    if (isAbsent(error) || hasCode(error, 'EACCES')) {
      return undefined;
    }
    throw error;
  }
}

/**
 * Beside the folder that it becomes; what a killed one has begun there goes first, as it takes the room. Others
 * may pass through it: QEMU runs as another user.
 * @param bytes that are written; `needed` without the holes
 */
export async function beginFolder(
  files: FileSystem,
  folder: string,
  { needed, bytes }: { readonly needed: number; readonly bytes: number },
): Promise<string> {
  return orFault(folder, async () => {
    const parent = posix.dirname(folder);
    await makeFolders(files, parent);
    const begins = `${posix.basename(folder)}.restoring-`;
    for (const left of (await namesIn(files, parent)).filter((entry) => entry.startsWith(begins))) {
      const found = await readMark(files, posix.join(parent, left));
      if (found !== undefined && (await isFolderLeft(files, posix.join(parent, left), found))) {
        await files.removeTree(posix.join(parent, left));
      }
    }
    const { free } = await files.space(parent);
    if (free < bytes) {
      throw new CopiesFault({ kind: free < needed ? 'noRoom' : 'noRoomWhole', folder: parent, bytes, free });
    }
    const begun = posix.join(parent, `${begins}${randomBytes(4).toString('hex')}`);
    await files.mkdir(begun);
    await files.writeNew(posix.join(begun, markName), JSON.stringify({ ...(await markOfUs()), uuid: '' }));
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
 * Out of what restic wrote, which is as in the repository: a link in it could lead anywhere on that computer.
 * @throws CopiesFault `brokenBackup` where one is missing, no plain file, or of another size
 */
export async function placeFiles(files: FileSystem, raw: string, placed: readonly PlacedFile[]): Promise<void> {
  const root = await files.realpath(raw);
  for (const { stored, bytes, place } of placed) {
    const from = posix.join(root, stored);
    const found = await undefinedIfAbsent(files.lstat(from));
    if (found?.isFile() !== true || found.size !== bytes || (await files.realpath(from)) !== from) {
      throw new CopiesFault({ kind: 'brokenBackup' });
    }
    await makeFolders(files, posix.dirname(place));
    await files.rename(from, place);
    // Nobody has to run it, and a configuration could name it as a program.
    await files.chmod(place, (found.mode & 0o666) | 0o600);
  }
}

/** From here on the files have their paths. @throws CopiesFault where something is there under that name */
export async function nameFolder(
  files: FileSystem,
  { from, folder }: { readonly from: string; readonly folder: string },
  written: RestoreMark,
): Promise<void> {
  await orFault(folder, async () => {
    await files.writeNew(posix.join(from, markName), JSON.stringify(written));
    if ((await undefinedIfAbsent(files.lstat(folder))) !== undefined) {
      throw new CopiesFault({ kind: 'folderTaken', folder });
    }
    await files.rename(from, folder);
  });
}

export function unmarkFolder(files: FileSystem, folder: string): Promise<void> {
  return files.unlink(posix.join(folder, markName));
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
