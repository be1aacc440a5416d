// A disk of a guest as bytes that can be read at any place, and a part of one. Nothing is written.
import { pauseIfLong } from './pause.js';

/** Bytes at rest: the same place has the same bytes for as long as it is open. */
export interface Disk {
  readonly bytes: number;
  /** Exactly `length` bytes. Rejects with `DiskError` where the disk ends before, or cannot be read. */
  read(at: number, length: number): Promise<Buffer>;
}

/** The disk cannot be read at that place. The message is for the log. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
}

/** Throws `DiskError` for a place outside of the disk: file systems of strangers name any place. */
export function requireInside({ bytes }: Pick<Disk, 'bytes'>, at: number, length: number): void {
  if (!Number.isSafeInteger(at) || !Number.isSafeInteger(length) || at < 0 || length < 0 || at + length > bytes) {
    throw new DiskError(`${length} bytes at ${at} are not on a disk of ${bytes} bytes`);
  }
}

/** A part of a disk, such as a partition. It ends where the disk ends. */
export function partOfDisk(disk: Disk, start: number, bytes: number): Disk {
  const part = { bytes: Math.max(0, Math.min(bytes, disk.bytes - start)) };
  return {
    ...part,
    read: async (at, length) => {
      requireInside(part, at, length);
      return disk.read(start + at, length);
    },
  };
}

/** Tables of a file system lie close together: each read brings what is around it. */
const usualBlockBytes = 64 * 1024;
const mostCachedBytes = 16 * 1024 * 1024;

/** Keeps the blocks that were read last. Two reads of one block wait for one answer. */
export function cachedDisk(disk: Disk, blockBytes = usualBlockBytes): Disk {
  const mostBlocks = mostCachedBytes / blockBytes;
  /** A longer read is content, which nobody reads twice. */
  const longestCached = 4 * blockBytes;
  const blocks = new Map<number, Promise<Buffer>>();
  const blockAt = (index: number): Promise<Buffer> => {
    const known = blocks.get(index);
    const block = known ?? disk.read(index * blockBytes, Math.min(blockBytes, disk.bytes - index * blockBytes));
    blocks.delete(index);
    blocks.set(index, block);
    if (known === undefined) {
      block.catch(() => blocks.delete(index));
      for (const oldest of blocks.keys()) {
        if (blocks.size <= mostBlocks) {
          break;
        }
        blocks.delete(oldest);
      }
    }
    return block;
  };
  return {
    bytes: disk.bytes,
    read: async (at, length) => {
      requireInside(disk, at, length);
      await pauseIfLong();
      if (length > longestCached) {
        return disk.read(at, length);
      }
      const first = Math.floor(at / blockBytes);
      const last = Math.floor((at + Math.max(1, length) - 1) / blockBytes);
      const parts = await Promise.all(Array.from({ length: last - first + 1 }, (_, index) => blockAt(first + index)));
      const start = at - first * blockBytes;
      const [only] = parts;
      return parts.length === 1 && only !== undefined
        ? only.subarray(start, start + length)
        : Buffer.concat(parts).subarray(start, start + length);
    },
  };
}
