// The folder of a VM that we make, and which file is still the one that was made.
import { rm, type FileHandle } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { undefinedIfAbsent } from '../../base/errno.js';
import { type FileSystem, thisComputer } from '../../base/fileSystem.js';
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
  files: FileSystem,
): Promise<readonly MadeFile[]> {
  if (!isAbsolute(folder) || !pattern.test(folder)) {
    throw new Failure('failed', details);
  }
  await files.mkdir(folder);
  await files.chmod(folder, 0o711);
  const identity = await identityNow(folder, files);
  const made: MadeFile[] = [{ path: folder, ...(identity !== undefined && { identity }) }];
  const isRoot = (await files.user()) === 0;
  // One after the other: a shell holds one file at a time.
  for (const path of empty) {
    made.push(await makeEmpty(path, files, isRoot));
  }
  return made;
}

async function makeEmpty(path: string, files: FileSystem, isRoot: boolean): Promise<MadeFile> {
  const file = await files.create(path);
  try {
    // It may get keys. QEMU of the system, which only root has, is another user.
    await file.chmod(isRoot ? 0o644 : 0o600);
    return { path, identity: identityOf(await file.numbers()) };
  } finally {
    await file.close();
  }
}

// A file that we made goes as long as it is that which stands under its name: another one that came in its place is
// somebody's.

/** The identity of the path itself; it does not follow a link. */
export async function identityNow(path: string, files = thisComputer): Promise<string | undefined> {
  const numbers = await undefinedIfAbsent(files.numbers(path));
  return numbers && identityOf(numbers);
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
