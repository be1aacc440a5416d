// Which file an image means by the name of what it rests on. Looks at folders, never into files.
import { posix } from 'node:path';
import type { FileSystem } from '../base/fileSystem.js';

/**
 * QEMU puts a relative name behind the folder in which the image was named, not where a link to the image leads, and
 * the kernel goes that way step by step: behind a folder that is a link, `..` is the folder above the one that it leads
 * to.
 *
 * | `..` in the path                             | → |
 * |----------------------------------------------|---|
 * | none                                         | as written |
 * | folded as text it leads to the same folder   | folded: so it is named elsewhere too |
 * | otherwise                                    | as the kernel finds it |
 * | a folder on the way cannot be seen           | as written: whoever looks there meets the same |
 */
export async function backingPath(
  name: string,
  image: string,
  { realpath }: Pick<FileSystem, 'realpath'>,
): Promise<string> {
  if (/^[^/]*:/u.test(name)) {
    return name;
  }
  const path = posix.isAbsolute(name) ? name : `${posix.dirname(image)}/${name}`;
  if (!path.split('/').includes('..')) {
    return posix.isAbsolute(name) ? name : posix.normalize(path);
  }
  const folded = posix.normalize(path);
  try {
    const folder = await realpath(posix.dirname(path));
    const same = (await pathOf(posix.dirname(folded), realpath)) === folder;
    return same ? folded : posix.join(folder, posix.basename(path));
  } catch {
    return path;
  }
}

async function pathOf(path: string, realpath: FileSystem['realpath']): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    // Folded as text it leads nowhere.
    return undefined;
  }
}
