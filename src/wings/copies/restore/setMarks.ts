// A file in the folder of each VM that was restored with others, until all of them are there: a second run leaves it.
import { posix } from 'node:path';
import { undefinedIfAbsent } from '../../../base/errno.js';
import type { FileSystem } from '../../../base/fileSystem.js';
import type { MadeRestore } from './madeRestore.js';
import { readOwn } from './readFolder.js';

const name = '.virt-rewind-restored';

/** Before the folder has its name. @param backup its ID */
export async function markRestored(
  files: FileSystem,
  made: MadeRestore,
  folder: string,
  backup: string,
): Promise<void> {
  const path = posix.join(folder, name);
  await files.writeNew(path, backup);
  await made.note(path);
}

export async function isMarkedRestored(files: FileSystem, folder: string, backup: string): Promise<boolean> {
  return (await readOwn(files, posix.join(folder, name), 64)) === backup;
}

export async function unmarkRestored(files: FileSystem, folder: string): Promise<void> {
  await undefinedIfAbsent(files.unlink(posix.join(folder, name)));
}
