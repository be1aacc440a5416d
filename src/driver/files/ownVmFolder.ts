// The folder of a VM that we made on this machine, as it goes again. Knows no libvirt, and not what the folder is
// called.
import { lstat, rm, type FileHandle } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { undefinedIfAbsent } from '../../base/errno.js';
import { Failure } from '../../domain/failure.js';
import { identityOf } from '../../domain/hostFiles.js';

/** Whether it has a name that only we give. */
export function isOwnVmFolder(folder: string, pattern: RegExp): boolean {
  return isAbsolute(folder) && pattern.test(folder);
}

/**
 * What is not there is as good as removed; a link or another user's folder in its place is left alone.
 * @throws Failure `denied` where it is not ours
 */
export async function removeOwnVmFolder(folder: string, pattern: RegExp, doing: string): Promise<void> {
  const stat = await undefinedIfAbsent(lstat(folder));
  if (stat === undefined) {
    return;
  }
  if (!isOwnVmFolder(folder, pattern) || !stat.isDirectory() || stat.uid !== process.getuid?.()) {
    throw new Failure('denied', { doing, path: folder });
  }
  await rm(folder, { recursive: true, force: true });
}

// A file that we made goes as long as it is that which stands under its name: another one that came in its place is
// somebody's.

/** The identity of the path itself; it does not follow a link. */
export async function identityNow(path: string): Promise<string | undefined> {
  const stats = await undefinedIfAbsent(lstat(path, { bigint: true }));
  return stats && identityOf(stats);
}

export async function identityOfOpen(handle: FileHandle): Promise<string> {
  return identityOf(await handle.stat({ bigint: true }));
}

/** @param identity as it was made; undefined: it was not */
export async function removeMade(path: string, identity: string | undefined): Promise<void> {
  if (identity !== undefined && (await identityNow(path)) === identity) {
    await rm(path, { force: true });
  }
}
