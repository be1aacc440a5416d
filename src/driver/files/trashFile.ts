// Puts a file out of the way without losing a byte: into a folder beside it, on the same file system, with a note of
// where it was. Nobody here ever empties that folder.
import { posix } from 'node:path';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { trashFolder } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { errnoOf } from '../../base/errno.js';
import type { FileSystem } from '../../base/fileSystem.js';

/** What is not there is as good as put away. */
export async function trashFile(path: string, files: FileSystem): Promise<void> {
  const details: FailureDetails = { doing: 'putting a file into the trash', path };
  const folder = posix.dirname(path);
  const trash = posix.join(folder, trashFolder);
  try {
    if (!(await files.lstat(path)).isFile()) {
      throw new Failure('unsupported', { ...details, libvirtMessage: `${path} is no file` });
    }
    await requireTrash(trash, files, details);
    const place = await freePlace(trash, posix.basename(path), files);
    // Before the file is there: who finds it without a note would not know what it is.
    const text = `${path}\nwas put here by Virt Rewind on ${new Date().toISOString()}: no VM and no snapshot needs it.\n`;
    await files.writeNew(`${place}.txt`, text);
    try {
      await files.rename(path, place);
    } catch (error) {
      await files.unlink(`${place}.txt`);
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

/** A folder of ours, or of whoever the folder around it belongs to: a link could lead anywhere. */
async function requireTrash(trash: string, files: FileSystem, details: FailureDetails): Promise<void> {
  try {
    await files.mkdir(trash);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') {
      throw error;
    }
  }
  const [there, around] = await Promise.all([files.lstat(trash), files.stat(posix.dirname(trash))]);
  if (!there.isDirectory() || ![0, await files.user(), around.uid].includes(there.uid)) {
    throw new Failure('denied', { ...details, libvirtMessage: `${trash} is not ours` });
  }
}

async function freePlace(trash: string, name: string, files: FileSystem): Promise<string> {
  const short = Buffer.from(name).subarray(0, 200).toString('utf8').replaceAll('�', '');
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
