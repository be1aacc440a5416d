// The trash: a folder beside the files that were put into it, on the same file system.
import { posix } from 'node:path';
import { errnoOf, undefinedIfAbsent } from '../../base/errno.js';
import type { FileSystem } from '../../base/fileSystem.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { trashedAt, trashedName, trashFolderOf } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { requirePaths } from './lookAtFiles.js';

/**
 * Out of the way without losing a byte: into a folder beside it, on the same file system, with a note of where it was.
 * Nobody here ever empties that folder. What is not there is as good as put away.
 */
export async function trashFile(path: string, files: FileSystem): Promise<void> {
  const details: FailureDetails = { doing: 'putting a file into the trash', path };
  requirePaths(details, path);
  const folder = posix.dirname(path);
  const trash = trashFolderOf(path);
  try {
    if (!(await files.lstat(path)).isFile()) {
      throw new Failure('unsupported', { ...details, libvirtMessage: `${path} is no file` });
    }
    await requireTrash(trash, files, details);
    const place = await freePlace(trash, path, files);
    // Before the file is there: who finds it without a note would not know what it is.
    const text = `${path}\nwas put here by Virt Rewind on ${new Date().toISOString()}: no VM and no snapshot needs it.\n`;
    try {
      await files.writeNew(`${place}.txt`, text);
      await files.rename(path, place);
    } catch (error) {
      // On a full disk, an empty one is left.
      await (errnoOf(error) === 'EEXIST' ? undefined : undefinedIfAbsent(files.unlink(`${place}.txt`)));
      throw error;
    }
    await files.flush(trash);
    await files.flush(folder);
  } catch (error) {
    const failure = fileFailure(error, details);
    if (failure.kind !== 'notFound') {
      throw failure;
    }
  }
}

/**
 * To where it was before it was put into the trash as `place`. What was taken out already is as good as taken out: a
 * stop half way leaves both names.
 */
export async function takeOut(place: string, path: string, files: FileSystem): Promise<void> {
  const details: FailureDetails = { doing: 'taking a file out of the trash', path };
  requirePaths(details, place, path);
  const folder = trashFolderOf(path);
  if (posix.dirname(place) !== folder || trashedAt(posix.basename(place), path) === 0) {
    throw new Failure('invalid', { ...details, libvirtMessage: place });
  }
  try {
    const [there, kept] = await Promise.all([path, place].map((one) => undefinedIfAbsent(files.lstat(one))));
    if (kept === undefined) {
      if (there !== undefined) {
        return;
      }
      throw new Failure('notFound', details);
    }
    if (there === undefined) {
      await files.link(place, path);
    } else if (there.dev !== kept.dev || there.ino !== kept.ino) {
      throw new Failure('exists', details);
    }
    await files.unlink(place);
    await undefinedIfAbsent(files.unlink(`${place}.txt`));
    await files.flush(folder);
    await files.flush(posix.dirname(path));
  } catch (error) {
    throw fileFailure(error, details);
  }
}

async function requireTrash(trash: string, files: FileSystem, details: FailureDetails): Promise<void> {
  try {
    await files.mkdir(trash);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') {
      throw error;
    }
  }
  await requireOurs(trash, files, details);
}

/** A folder of ours, or of the owner of the folder around it: a link could lead anywhere. */
export async function requireOurs(trash: string, files: FileSystem, details: FailureDetails): Promise<void> {
  const [there, around] = await Promise.all([files.lstat(trash), files.stat(posix.dirname(trash))]);
  if (!there.isDirectory() || ![0, await files.user(), around.uid].includes(there.uid)) {
    throw new Failure('denied', { ...details, libvirtMessage: `${trash} is not ours` });
  }
}

async function freePlace(trash: string, path: string, files: FileSystem): Promise<string> {
  const short = trashedName(path);
  for (let second = Math.floor(Date.now() / 1000); ; second += 1) {
    const place = posix.join(trash, `${short}.${String(second)}`);
    try {
      await files.lstat(place);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') {
        return place;
      }
      throw error;
    }
  }
}
