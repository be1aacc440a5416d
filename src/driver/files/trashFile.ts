// Puts a file out of the way without losing a byte: into a folder beside it, on the same file system, with a note of
// where it was. Nobody here ever empties that folder.
import { lstat, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { trashFolder } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { errnoOf } from '../../base/errno.js';
import { flush } from './placeFile.js';

/** What is not there is as good as put away. */
export async function trashFile(path: string): Promise<void> {
  const details: FailureDetails = { doing: 'putting a file into the trash', path };
  const folder = dirname(path);
  const trash = join(folder, trashFolder);
  try {
    if (!(await lstat(path)).isFile()) {
      throw new Failure('unsupported', { ...details, libvirtMessage: `${path} is no file` });
    }
    await requireTrash(trash, details);
    const place = await freePlace(trash, basename(path));
    // Before the file is there: who finds it without a note would not know what it is.
    const text = `${path}\nwas put here by Virt Rewind on ${new Date().toISOString()}: no VM and no snapshot needs it.\n`;
    await writeFile(`${place}.txt`, text, { flag: 'wx', mode: 0o600, flush: true });
    try {
      await rename(path, place);
    } catch (error) {
      await rm(`${place}.txt`, { force: true });
      throw error;
    }
    await flush(trash);
    await flush(folder);
  } catch (error) {
    const failure = fileFailure(error, details);
    if (failure.kind !== 'notFound') {
      throw failure;
    }
  }
}

/** A folder of ours, or of whoever the folder around it belongs to: a link could lead anywhere. */
async function requireTrash(trash: string, details: FailureDetails): Promise<void> {
  try {
    await mkdir(trash, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') {
      throw error;
    }
  }
  const [there, around] = await Promise.all([lstat(trash), stat(dirname(trash))]);
  if (!there.isDirectory() || ![0, process.geteuid?.(), around.uid].includes(there.uid)) {
    throw new Failure('denied', { ...details, libvirtMessage: `${trash} is not ours` });
  }
}

async function freePlace(trash: string, name: string): Promise<string> {
  const short = Buffer.from(name).subarray(0, 200).toString('utf8').replaceAll('�', '');
  for (let second = Math.floor(Date.now() / 1000); ; second += 1) {
    const place = join(trash, `${short}.${String(second)}`);
    try {
      await lstat(place);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') {
        return place;
      }
      throw error;
    }
  }
}
