// Puts new files in place: under their name they appear whole or not at all. Knows nothing of what is in them. A folder
// may be somebody else's, who can put a link under any name at any moment: so what we made is held open, and filled and
// changed through its descriptor alone.
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, link, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { identityOf, type OnMade, unnamedPart } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { errnoOf, undefinedIfAbsent } from '../../base/errno.js';

/**
 * Makes a file under a name of its own in the same folder, which nobody else may read, has `fill` write it through its
 * descriptor, gives it owner and mode of the one that `fill` answers with, flushes it, and only then gives it its name.
 */
export async function placeNew(
  details: FailureDetails,
  file: string,
  existing: 'keep' | 'replace',
  fill: (part: FileHandle, replaced: Stats | undefined) => Promise<Stats>,
  onMade?: OnMade,
): Promise<void> {
  let part: string | undefined;
  let handle: FileHandle | undefined;
  try {
    const present = await undefinedIfAbsent(lstat(file));
    if (present !== undefined && existing === 'keep') {
      throw new Failure('exists', details);
    }
    const name = present?.isSymbolicLink() === true ? await ledTo(file, present, details) : file;
    const replaced = present === undefined ? undefined : await stat(name);
    part = unnamedPart(dirname(name), randomBytes(8).toString('hex'));
    handle = await open(part, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    const identity = identityOf(await handle.stat({ bigint: true }));
    // A program that is killed from here on leaves it.
    await onMade?.({ path: part, identity });
    await takeAfter(handle, await fill(handle, replaced));
    await handle.sync();
    // Under its name stands what we made, or it is not ours to put in place.
    await requireSame(handle, part, details);
    await onMade?.({ path: file, identity });
    await (existing === 'replace' ? rename(part, name) : link(part, name));
    await rm(part, { force: true });
    await requireSame(handle, name, details);
    await flush(dirname(name));
  } catch (error) {
    if (part !== undefined) {
      await rm(part, { force: true });
    }
    throw fileFailure(error, details);
  } finally {
    await handle?.close();
  }
}

/**
 * What a link leads to is replaced, not the link: where whoever made the link may do so himself. Otherwise anybody who
 * may write to the folder could have us replace a file of another.
 */
async function ledTo(file: string, { uid }: Stats, details: FailureDetails): Promise<string> {
  const name = await realpath(file);
  const trusted = [0, process.geteuid?.(), (await stat(name)).uid];
  if (!trusted.includes(uid)) {
    throw new Failure('denied', { ...details, libvirtMessage: `${file} is a link that another user made` });
  }
  return name;
}

async function requireSame(handle: FileHandle, path: string, details: FailureDetails): Promise<void> {
  const [own, there] = await Promise.all([handle.stat(), undefinedIfAbsent(lstat(path))]);
  if (there?.dev !== own.dev || there.ino !== own.ino) {
    throw new Failure('failed', { ...details, libvirtMessage: `${path} was replaced while it was made` });
  }
}

/** Only root may give files away; elsewhere libvirt itself sets the owner when the VM starts. */
async function takeAfter(handle: FileHandle, like: Stats): Promise<void> {
  try {
    await handle.chown(like.uid, like.gid);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') {
      throw error;
    }
  }
  // A base that nobody may write still gets an overlay for writing.
  await handle.chmod((like.mode & 0o777) | 0o600);
}

export async function flush(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
