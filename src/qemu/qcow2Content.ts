// What the mapping tables of a qcow2 image tell of its content, without a byte of the guest's data: whether an overlay
// is empty, and which snapshots hold the very disk of now. Wrong while a VM writes; the caller knows.
import { createHash } from 'node:crypto';
import type { ImageBytes } from './imageBytes.js';
import type { Qcow2Header } from './qcow2Header.js';
import type { Qcow2Snapshot } from './qcow2Snapshots.js';
import { eachL2, eachReference, l1EntriesOf, l2Place, readL1, readL2, type Shape, shapeOf } from './qcow2Tables.js';

/** The upper half of an entry without bit 63, which says only that nobody else refers to the same cluster. */
const withoutCopied = 0x7fff_ffff;
const allBits = -1;

/** Nothing was ever written: every cluster is still the backing file's. @throws BadImage, TooMuchToRead */
export async function isEmptyOverlay(image: ImageBytes, header: Qcow2Header): Promise<boolean> {
  const shape = diskShapeOf(header);
  const l1 = await readL1(image, header.l1, shape.l1Entries);
  for (let index = 0; index < shape.l1Entries; index++) {
    const place = l2Place(l1, index);
    // A sparse disk of many TB has tens of thousands of tables that are not there.
    if (place !== 0 && !sameMapping(await readL2(image, place, shape), undefined, index, shape)) {
      return false;
    }
  }
  return true;
}

/** A digest of the upper table: who maps another place of the disk changes it. @throws BadImage, TooMuchToRead */
export async function tablesDigest(image: ImageBytes, header: Qcow2Header): Promise<string> {
  const l1 = await readL1(image, header.l1, header.l1.entries);
  return createHash('sha256').update(l1).digest('hex');
}

/**
 * Bytes of RAM behind the disk that the current state refers to and no snapshot does: left by a memory snapshot that
 * failed, or by one that was deleted after a revert to it, which puts its RAM there. QEMU frees them when it takes the
 * next one with RAM; until then no tool calls them lost. An entry says itself whether it is the only one (bit 63).
 * @throws BadImage, TooMuchToRead
 */
export async function lostRamBytes(image: ImageBytes, header: Qcow2Header): Promise<number> {
  const shape = shapeOf(header);
  const first = l1EntriesOf(header.virtualBytes, shape);
  if (header.l1.entries <= first) {
    return 0;
  }
  const l1 = await readL1(image, header.l1, header.l1.entries);
  let bytes = 0;
  await eachL2(image, l1.subarray(first * 8), shape, (table) =>
    eachReference(table, shape, (_, index) => {
      if (((table[index * shape.entryBytes] ?? 0) & 0x80) !== 0) {
        bytes += shape.clusterBytes;
      }
    }),
  );
  return bytes;
}

/**
 * Names of the snapshots whose disk is mapped to the very clusters of now. Clusters that differ may still hold the same
 * bytes: then the name is left out. @throws BadImage, TooMuchToRead
 */
export async function snapshotsLikePresent(
  image: ImageBytes,
  header: Qcow2Header,
  snapshots: readonly Qcow2Snapshot[],
): Promise<readonly string[]> {
  const shape = diskShapeOf(header);
  const now = await readL1(image, header.l1, shape.l1Entries);
  const presentTables = new Map<number, Buffer | undefined>();
  const presentTable = async (index: number): Promise<Buffer | undefined> => {
    if (!presentTables.has(index)) {
      presentTables.set(index, await readL2(image, l2Place(now, index), shape));
    }
    return presentTables.get(index);
  };
  const same: string[] = [];
  for (const snapshot of snapshots) {
    if ((snapshot.diskBytes ?? header.virtualBytes) === header.virtualBytes) {
      const then = await readL1(image, snapshot.l1, shape.l1Entries);
      if (await sameDisk(image, now, then, presentTable, shape)) {
        same.push(snapshot.name);
      }
    }
  }
  return same;
}

async function sameDisk(
  image: ImageBytes,
  now: Buffer,
  then: Buffer,
  presentTable: (index: number) => Promise<Buffer | undefined>,
  shape: DiskShape,
): Promise<boolean> {
  for (let index = 0; index < shape.l1Entries; index++) {
    const place = l2Place(then, index);
    if (place === l2Place(now, index)) {
      continue;
    }
    if (!sameMapping(await presentTable(index), await readL2(image, place, shape), index, shape)) {
      return false;
    }
  }
  return true;
}

interface DiskShape extends Shape {
  /** The entries of the disk itself: the memory of snapshots is mapped behind them. */
  readonly l1Entries: number;
  readonly clustersOfDisk: number;
}

function diskShapeOf(header: Qcow2Header): DiskShape {
  const shape = shapeOf(header);
  return {
    ...shape,
    l1Entries: l1EntriesOf(header.virtualBytes, shape),
    clustersOfDisk: Math.ceil(header.virtualBytes / header.clusterBytes),
  };
}

/** Whether two L2 tables map the disk alike, as far as they map the disk and not the memory behind it. */
function sameMapping(one: Buffer | undefined, other: Buffer | undefined, l1Index: number, shape: DiskShape): boolean {
  const clusters = Math.min(shape.clustersInL2, shape.clustersOfDisk - l1Index * shape.clustersInL2);
  for (let at = 0; at < clusters * shape.entryBytes; at += 4) {
    const differing = (one?.readUInt32BE(at) ?? 0) ^ (other?.readUInt32BE(at) ?? 0);
    if ((differing & (at % shape.entryBytes === 0 ? withoutCopied : allBits)) !== 0) {
      return false;
    }
  }
  return true;
}
