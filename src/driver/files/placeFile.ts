// Puts new files in place: under their name they appear whole or not at all. A folder may be somebody else's, who can
// put a link under any name at any moment: so what we made is held open, and filled and changed through its descriptor
// alone.
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { identityOf, type OnMade, unnamedPart } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { errnoOf, undefinedIfAbsent } from '../../base/errno.js';
import type { FileStats, FileSystem, HeldFile } from '../../base/fileSystem.js';

/**
 * Makes a file under a name of its own in the same folder, which nobody else may read, has `fill` write it through its
 * descriptor, gives it owner and mode of the one that `fill` answers with, flushes it, and only then gives it its name.
 */
export async function placeNew(
  details: FailureDetails,
  file: string,
  existing: 'keep' | 'replace',
  files: FileSystem,
  fill: (part: HeldFile, replaced: FileStats | undefined) => Promise<FileStats>,
  onMade?: OnMade,
): Promise<void> {
  let part: string | undefined;
  let handle: HeldFile | undefined;
  try {
    const present = await undefinedIfAbsent(files.lstat(file));
    if (present !== undefined && existing === 'keep') {
      throw new Failure('exists', details);
    }
    const name = present?.isSymbolicLink() === true ? await ledTo(file, present, files, details) : file;
    const replaced = present === undefined ? undefined : await files.stat(name);
    part = unnamedPart(dirname(name), randomBytes(8).toString('hex'));
    handle = await files.create(part);
    const identity = identityOf(await handle.numbers());
    // A program that is killed from here on leaves it.
    await onMade?.({ path: part, identity });
    await takeAfter(handle, await fill(handle, replaced));
    await handle.sync();
    // Under its name stands what we made, or it is not ours to put in place.
    await requireSame(handle, part, files, details);
    await onMade?.({ path: file, identity });
    await (existing === 'replace' ? files.rename(part, name) : linkAs(part, name, files));
    await requireSame(handle, name, files, details);
    await files.flush(dirname(name));
  } catch (error) {
    if (part !== undefined) {
      // Where it stays, `onMade` was told of it.
      await files.unlink(part).catch(() => undefined);
    }
    throw fileFailure(error, details);
  } finally {
    await handle?.close();
  }
}

/**
 * Replaces the target of a link, not the link, where the owner of the link could replace it too. Otherwise anybody who
 * may write to the folder could have us replace a file of another.
 */
async function ledTo(file: string, { uid }: FileStats, files: FileSystem, details: FailureDetails): Promise<string> {
  const name = await files.realpath(file);
  const trusted = [0, await files.user(), (await files.stat(name)).uid];
  if (!trusted.includes(uid)) {
    throw new Failure('denied', { ...details, libvirtMessage: `${file} is a link that another user made` });
  }
  return name;
}

async function requireSame(handle: HeldFile, path: string, files: FileSystem, details: FailureDetails): Promise<void> {
  const [own, there] = await Promise.all([handle.stat(), undefinedIfAbsent(files.lstat(path))]);
  if (there?.dev !== own.dev || there.ino !== own.ino) {
    throw new Failure('failed', { ...details, libvirtMessage: `${path} was replaced while it was made` });
  }
}

/** Only root may give files away; elsewhere libvirt itself sets the owner when the VM starts. */
async function takeAfter(handle: HeldFile, like: FileStats): Promise<void> {
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

async function linkAs(part: string, name: string, files: FileSystem): Promise<void> {
  await files.link(part, name);
  await files.unlink(part);
}
