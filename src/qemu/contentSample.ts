// A few blocks of what is in an image, as a digest: who rewrites it in place and gives it its old time changes one of
// them in most cases. Cheap enough for every look; proves nothing where it is the same.
import { createHash } from 'node:crypto';
import type { ImageBytes } from './imageBytes.js';

const blockBytes = 4096;
/** Evenly from the first byte to the last: of a disk that a guest has used, or another one, these differ. */
const spread = 12;
/**
 * Where each mount writes: sector 0 and the start of the first partition, with the superblocks of ext4, XFS and NTFS in
 * their first blocks and that of btrfs 64 KiB behind them.
 */
const starts = [0, 65_536, 1_048_576, 1_048_576 + 65_536];

/** What is read of one image at most. */
export const mostSampleBytes = (starts.length + spread) * 2 * blockBytes;

/** @param from the first byte that counts: not the header of a qcow2, into which a merge above writes another name */
export async function contentSample(image: ImageBytes, from: number): Promise<string> {
  const digest = createHash('sha256');
  const blocks = places(from, image.size).map((at) => ({ at, length: Math.min(blockBytes, image.size - at) }));
  await image.readAhead?.(blocks);
  for (const { at, length } of blocks) {
    digest.update(await image.read(at, length));
  }
  return digest.digest('hex');
}

/** In order, and each once. */
function places(from: number, size: number): readonly number[] {
  const last = Math.max(from, size - blockBytes);
  const even = Array.from({ length: spread }, (_, index) => from + Math.floor(((last - from) * index) / (spread - 1)));
  const all = new Set([...starts.map((start) => from + start), ...even]);
  return [...all].filter((at) => at < size).sort((one, other) => one - other);
}
