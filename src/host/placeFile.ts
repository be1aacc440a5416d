// Puts new files in place: under their name they appear whole or not at all. Knows nothing of what is in them.
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { chmod, chown, link, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, type FailureDetails } from '../model/failure.js';
import { errnoOf, fileFailure } from './fileFailure.js';

/**
 * Has a file made under a name of its own in the same folder, gives it owner and mode of the one that `make` answers
 * with, flushes it, and only then gives it its name.
 */
export async function placeNew(
  details: FailureDetails,
  file: string,
  existing: 'keep' | 'replace',
  make: (part: string, replaced: Stats | undefined) => Promise<Stats>,
): Promise<void> {
  let part: string | undefined;
  try {
    const present = await orUndefined(lstat(file));
    if (present !== undefined && existing === 'keep') {
      throw new Failure('exists', details);
    }
    // What a link leads to is replaced, not the link.
    const name = present?.isSymbolicLink() === true ? await realpath(file) : file;
    part = join(dirname(name), `.virt-rewind-${randomBytes(8).toString('hex')}.part`);
    const like = await make(part, present === undefined ? undefined : await stat(name));
    await takeAfter(part, like);
    await flush(part);
    await (existing === 'replace' ? rename(part, name) : link(part, name));
    await rm(part, { force: true });
    await flush(dirname(name));
  } catch (error) {
    if (part !== undefined) {
      await rm(part, { force: true });
    }
    throw fileFailure(error, details);
  }
}

/** Only root may give files away; elsewhere libvirt itself sets the owner when the VM starts. */
async function takeAfter(file: string, like: Stats): Promise<void> {
  try {
    await chown(file, like.uid, like.gid);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') {
      throw error;
    }
  }
  // A base that nobody may write still gets an overlay for writing.
  await chmod(file, (like.mode & 0o777) | 0o600);
}

export async function flush(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
