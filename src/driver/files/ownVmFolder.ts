// The folder of a VM that we make on this machine, and which file is still the one that was made.
import { chmod, lstat, mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { undefinedIfAbsent } from '../../base/errno.js';
import { Failure } from '../../domain/failure.js';
import { identityOf, type MadeFile } from '../../domain/hostFiles.js';

interface OwnFolder {
  /** No other name is one of ours. */
  readonly pattern: RegExp;
  /** Files in it: what is written to them later is written into these very files. */
  readonly empty: readonly string[];
  readonly details: { readonly doing: string; readonly path: string };
}

/**
 * Fails where there is anything of that name. Others may pass through it but not look: QEMU of the system runs as a
 * user of its own.
 */
export async function makeOwnFolder(
  folder: string,
  { pattern, empty, details }: OwnFolder,
): Promise<readonly MadeFile[]> {
  if (!isAbsolute(folder) || !pattern.test(folder)) {
    throw new Failure('failed', details);
  }
  await mkdir(folder, { mode: 0o711 });
  // A strict umask may have removed these rights.
  await chmod(folder, 0o711);
  const identity = await identityNow(folder);
  return [{ path: folder, ...(identity !== undefined && { identity }) }, ...(await Promise.all(empty.map(makeEmpty)))];
}

async function makeEmpty(path: string): Promise<MadeFile> {
  const handle = await open(path, 'wx', 0o644);
  try {
    return { path, identity: await identityOfOpen(handle) };
  } finally {
    await handle.close();
  }
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
