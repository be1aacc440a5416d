// The folder of a VM that we made on this machine, as it goes again. Knows no libvirt, and not what the folder is
// called.
import { lstat, rm } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { undefinedIfAbsent } from '../../base/errno.js';
import { Failure } from '../../domain/failure.js';

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
