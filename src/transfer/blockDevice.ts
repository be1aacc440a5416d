// A block device as the kernel tells of it: which one it is, and whether anything was written to it.
import { undefinedIfAbsent } from '../base/errno.js';
import type { FileStats, FileSystem } from '../base/fileSystem.js';
import { folderOfDevice } from '../qemu/fileFacts.js';

export interface BlockDevice {
  /** As in `stat`. */
  readonly rdev: number;
  readonly bytes: number;
  /** Another one for each device that gets this number; absent before Linux 5.15, and for a partition. */
  readonly sequence?: number;
  /** Requests that wrote or discarded something, since it is there. */
  readonly writes: readonly number[];
  readonly isReadOnly: boolean;
}

const mostBytes = 4_096;

/** @param stats of the device. @throws what the file system says */
export async function readDevice(stats: Pick<FileStats, 'rdev'>, files: FileSystem): Promise<BlockDevice> {
  const read = async (name: string): Promise<string> =>
    (await files.readText(`${folderOfDevice(stats)}/${name}`, mostBytes)).trim();
  const sequence = await undefinedIfAbsent(read('diskseq'));
  const counts = (await read('stat')).split(/\s+/u).map(Number);
  return {
    rdev: stats.rdev,
    bytes: Number(await read('size')) * 512,
    ...(sequence !== undefined && { sequence: Number(sequence) }),
    // Documentation/admin-guide/abi-stable: writes, sectors written, discards, sectors discarded.
    writes: [4, 6, 11, 13].map((at) => counts[at] ?? 0),
    isReadOnly: (await read('ro')) !== '0',
  };
}

/** Alike as long as it is the same device, and nobody wrote to it. */
export function marksOfDevice({ rdev, bytes, sequence = 0, writes }: BlockDevice): readonly number[] {
  return [rdev, bytes, sequence, ...writes];
}
