// A file that we made goes as long as it is that which stands under its name: another one that came in its place is
// somebody's.
import { type FileHandle, lstat, rm } from 'node:fs/promises';
import { undefinedIfAbsent } from '../../base/errno.js';
import { identityOf } from '../../domain/hostFiles.js';

/** Of whatever stands there itself, and not of what a link leads to. */
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
