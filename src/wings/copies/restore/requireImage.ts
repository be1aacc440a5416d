// Whether an image of a backup is what its manifest says.
import type { ImageFacts } from '../../../domain/hostFiles.js';
import { readImage } from '../../../qemu/localImage.js';
import type { ImageHost } from '../../../qemu/qemuImg.js';
import { copiesFailure } from '../copiesFailure.js';
import type { CopiedFile } from '../../../transfer/manifest.js';

/** @throws Failure `brokenBackup` */
export async function requireImage(
  path: string,
  { format = 'raw', virtualBytes = 0, encrypted }: Pick<CopiedFile, 'format' | 'virtualBytes' | 'encrypted'>,
  host: ImageHost,
): Promise<ImageFacts> {
  const image = await readImage(path, host, format, 'head');
  const isRight =
    image !== 'unknown' &&
    image.format === format &&
    image.virtualBytes === virtualBytes &&
    image.encrypted === encrypted &&
    [image.corrupt, image.dataFile, image.backing?.part].every((flag) => flag !== true);
  if (!isRight) {
    throw copiesFailure('brokenBackup');
  }
  return image;
}
