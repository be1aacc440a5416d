// Which clusters of a qcow2 image are in use, from its refcount table (QEMU's docs/interop/qcow2.txt): what judges the
// walk over the mapping tables, and imports nothing of it. For refcounts of 16 bits.
import { readFile } from 'node:fs/promises';

export interface Clusters {
  readonly clusterBytes: number;
  /** How often each cluster that is in use is referred to. */
  readonly counts: ReadonlyMap<number, number>;
}

export async function readRefcounts(file: string): Promise<Clusters> {
  const image = await readFile(file);
  const clusterBytes = 2 ** image.readUInt32BE(20);
  const tableAt = Number(image.readBigUInt64BE(48));
  const tableEntries = (image.readUInt32BE(56) * clusterBytes) / 8;
  const countsInBlock = clusterBytes / 2;
  const counts = new Map<number, number>();
  for (let entry = 0; entry < tableEntries; entry++) {
    const blockAt = Number(image.readBigUInt64BE(tableAt + entry * 8) & ~0x1ffn);
    for (let index = 0; blockAt !== 0 && index < countsInBlock; index++) {
      const count = blockAt + index * 2 < image.length ? image.readUInt16BE(blockAt + index * 2) : 0;
      if (count > 0) {
        counts.set(entry * countsInBlock + index, count);
      }
    }
  }
  return { clusterBytes, counts };
}
