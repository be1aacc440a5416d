// The folder of a VM that is restored: begun under a name that says so, and given its own when all files are in it and
// right. A mark stays in it until libvirt has the VM.
import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { undefinedIfAbsent } from '../../../base/errno.js';
import type { FileSystem } from '../../../base/fileSystem.js';
import { transferFailure } from '../../../transfer/transferFailure.js';
import { copiesFailure } from '../copiesFailure.js';
import { isLeft, markOfUs } from '../../../journal/processMark.js';
import { makeFolders } from '../../../driver/files/makeFolders.js';
import { MadeRestore, type RestoreHost } from './madeRestore.js';
import { devicesName, markName, namesIn, orFault, readMark, type RestoreMark } from './readFolder.js';

/** What an interrupted restore left under the name that the VM's folder is to have; undefined: nothing is there. */
export async function readLeftRestore(files: FileSystem, folder: string): Promise<RestoreMark | undefined> {
  if ((await undefinedIfAbsent(files.lstat(folder))) === undefined) {
    return undefined;
  }
  const found = await readMark(files, folder);
  if (found === undefined) {
    throw transferFailure('folderTaken', { folder });
  }
  if (!(await isLeft(found))) {
    throw copiesFailure('restoreRuns', { folder });
  }
  // If the VM was used since, one of its files was written to, or a new one exists.
  const { mtimeMs } = await files.lstat(posix.join(folder, markName));
  if ((await newestIn(files, folder)) > mtimeMs) {
    throw copiesFailure('vmInUse', { folder });
  }
  return found;
}

/** When one of its files was written to last. */
async function newestIn(files: FileSystem, folder: string): Promise<number> {
  let newest = 0;
  for (const name of await namesIn(files, folder)) {
    const path = posix.join(folder, name);
    const found = await files.lstat(path);
    newest = Math.max(newest, found.isDirectory() ? await newestIn(files, path) : found.mtimeMs);
  }
  return newest;
}

/**
 * Beside the folder that it becomes. Others may pass through it: QEMU runs as another user.
 *
 * @param bytes that are written; `needed` without the holes
 */
export async function beginFolder(
  host: RestoreHost,
  folder: string,
  { needed, bytes }: { readonly needed: number; readonly bytes: number },
): Promise<MadeRestore> {
  const { files } = host;
  return orFault(folder, async () => {
    const parent = posix.dirname(folder);
    await makeFolders(files, parent);
    const { free } = await files.space(parent);
    if (free < bytes) {
      throw free < needed
        ? transferFailure('noRoom', { folder: parent, bytes, free })
        : copiesFailure('noRoomWhole', { folder: parent, bytes, free });
    }
    const made = await MadeRestore.begin(host, `${folder}.restoring-${randomBytes(4).toString('hex')}`);
    await files.writeNew(posix.join(made.begun, markName), JSON.stringify({ ...(await markOfUs()), uuid: '' }));
    return made;
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
 * @throws Failure `brokenBackup` where one is missing, no plain file, or of another size
 */
export async function placeFiles(
  files: FileSystem,
  made: Pick<MadeRestore, 'makeFolders'>,
  raw: string,
  placed: readonly PlacedFile[],
): Promise<void> {
  const root = await files.realpath(raw);
  for (const { stored, bytes, place } of placed) {
    const from = posix.join(root, stored);
    const found = await undefinedIfAbsent(files.lstat(from));
    if (found?.isFile() !== true || found.size !== bytes || (await files.realpath(from)) !== from) {
      throw copiesFailure('brokenBackup');
    }
    await made.makeFolders(posix.dirname(place));
    await files.rename(from, place);
    // Nobody has to run it, and a configuration could name it as a program.
    await files.chmod(place, (found.mode & 0o666) | 0o600);
  }
}

/** From here on the files have their paths. @throws Failure where something is there under that name */
export async function nameFolder(
  files: FileSystem,
  made: MadeRestore,
  { from, folder }: { readonly from: string; readonly folder: string },
  written: RestoreMark,
): Promise<void> {
  await orFault(folder, async () => {
    const own = posix.join(from, markName);
    await files.writeNew(own, JSON.stringify({ ...written, begun: posix.basename(made.begun) }));
    await made.note(own);
    if ((await undefinedIfAbsent(files.lstat(folder))) !== undefined) {
      throw transferFailure('folderTaken', { folder });
    }
    await files.rename(from, folder);
  });
}

export async function unmarkFolder(files: FileSystem, folder: string): Promise<void> {
  await undefinedIfAbsent(files.unlink(posix.join(folder, devicesName)));
  await files.unlink(posix.join(folder, markName));
}
