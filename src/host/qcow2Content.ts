// What the mapping tables of a qcow2 image tell of its content, without a byte of the guest's data: whether an overlay
// is empty, and which snapshots hold the very disk of now. Wrong while a VM writes; the caller knows.
import { BadImage, type ImageBytes } from './imageBytes.js';
import type { Qcow2Header, Table } from './qcow2Header.js';
import type { Qcow2Snapshot } from './qcow2Snapshots.js';

/** Bits 9 to 55 of an L1 entry: where its L2 table stands. Above them only what says whether it is shared. */
const offsetMask = 0x00ff_ffff_ffff_fe00n;
/** Of the upper half of an entry: bit 63 says only that nobody else refers to the same cluster. */
const withoutCopied = 0x7fff_ffff;
const allBits = -1;

/** Nothing was ever written: every cluster is still the backing file's. @throws BadImage, TooMuchToRead */
export async function isEmptyOverlay(image: ImageBytes, header: Qcow2Header): Promise<boolean> {
  const shape = shapeOf(header);
  const l1 = await readL1(image, header.l1, shape);
  for (let index = 0; index < shape.l1Entries; index++) {
    const table = await readL2(image, l2Place(l1, index), shape);
    if (!sameMapping(table, undefined, index, shape)) {
      return false;
    }
  }
  return true;
}

/**
 * Names of the snapshots whose disk is mapped to the very clusters of now. Clusters that differ may still hold the same
 * bytes: then the name is left out. @throws BadImage, TooMuchToRead
 */
export async function unchangedSince(
  image: ImageBytes,
  header: Qcow2Header,
  snapshots: readonly Qcow2Snapshot[],
): Promise<readonly string[]> {
  const shape = shapeOf(header);
  const now = await readL1(image, header.l1, shape);
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
      const then = await readL1(image, snapshot.l1, shape);
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
  shape: Shape,
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

interface Shape {
  readonly clusterBytes: number;
  /** Of the disk itself: the memory of snapshots is mapped behind it. */
  readonly l1Entries: number;
  readonly clustersInL2: number;
  readonly clustersOfDisk: number;
  readonly entryBytes: 8 | 16;
}

function shapeOf(header: Qcow2Header): Shape {
  const entryBytes = header.extendedL2 ? 16 : 8;
  const clustersInL2 = header.clusterBytes / entryBytes;
  const clustersOfDisk = Math.ceil(header.virtualBytes / header.clusterBytes);
  return {
    clusterBytes: header.clusterBytes,
    l1Entries: Math.ceil(clustersOfDisk / clustersInL2),
    clustersInL2,
    clustersOfDisk,
    entryBytes,
  };
}

async function readL1(image: ImageBytes, l1: Table, shape: Shape): Promise<Buffer> {
  if (l1.entries < shape.l1Entries) {
    throw new BadImage(`an L1 table of ${l1.entries} entries for a disk that takes ${shape.l1Entries}`);
  }
  return image.read(l1.at, shape.l1Entries * 8);
}

function l2Place(l1: Buffer, index: number): number {
  return Number(l1.readBigUInt64BE(index * 8) & offsetMask);
}

/** Undefined where none of its clusters was ever written. */
async function readL2(image: ImageBytes, place: number, shape: Shape): Promise<Buffer | undefined> {
  if (place === 0) {
    return undefined;
  }
  if (place % shape.clusterBytes !== 0) {
    throw new BadImage(`an L2 table at ${place}`);
  }
  return image.read(place, shape.clusterBytes);
}

/** Whether two L2 tables map the disk alike, as far as they map the disk and not the memory behind it. */
function sameMapping(one: Buffer | undefined, other: Buffer | undefined, l1Index: number, shape: Shape): boolean {
  const clusters = Math.min(shape.clustersInL2, shape.clustersOfDisk - l1Index * shape.clustersInL2);
  for (let at = 0; at < clusters * shape.entryBytes; at += 4) {
    const differing = (one?.readUInt32BE(at) ?? 0) ^ (other?.readUInt32BE(at) ?? 0);
    if ((differing & (at % shape.entryBytes === 0 ? withoutCopied : allBits)) !== 0) {
      return false;
    }
  }
  return true;
}
