// What an image says of what it rests on, as facts. Looks at folders, never into files.
import type { FileSystem } from '../base/fileSystem.js';
import type { ImageFacts } from '../domain/hostFiles.js';
import { parseBackingName } from './backingName.js';
import { backingPath } from './backingPath.js';

export async function backingOf(
  name: string,
  format: string | undefined,
  image: string,
  files: FileSystem,
): Promise<NonNullable<ImageFacts['backing']>> {
  const { file, part, options, driver } = parseBackingName(name);
  // What the image says of the format counts, for QEMU too: in options of another one it would be an image in an image.
  const isOther = driver !== undefined && format !== undefined && driver !== format;
  const known = format ?? driver;
  return {
    file: await backingPath(file, image, files),
    ...(known === undefined ? {} : { format: known }),
    ...(part === true || isOther ? { part: true } : {}),
    ...(options === undefined ? {} : { options }),
  };
}
