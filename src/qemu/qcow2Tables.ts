// The two levels of mapping tables of a qcow2 image (QEMU's docs/interop/qcow2.txt): where they stand, and what an
// entry says. Reads no byte of the guest's data, and judges nothing.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BadImage, type ImageBytes, ReadLimitError } from './imageBytes.js';
import type { Qcow2Header, Table } from './qcow2Header.js';

const sectorBytes = 512;
/** Bit 62, in the upper half of an entry. */
const compressedBit = 0x4000_0000;
/** As much as is read at once, and looked at before others have their turn. */
const batchBytes = 1024 * 1024;
/**
 * In clusters of 64 KiB the L1 table of 256 TiB. QEMU takes 32 MiB: reading that for each snapshot stops everything
 * else.
 */
const mostL1Bytes = 4 * 1024 * 1024;
/** Entries of an L1 table that are looked at before others have their turn. */
const entriesAtOnce = 32 * 1024;

export interface Shape {
  readonly clusterBytes: number;
  readonly clusterBits: number;
  readonly clustersInL2: number;
  readonly entryBytes: 8 | 16;
  /** Version 2 knows no clusters that read as zeros without being there. */
  readonly knowsZeros: boolean;
}

export function shapeOf({ clusterBytes, extendedL2, version }: Qcow2Header): Shape {
  const entryBytes = extendedL2 ? 16 : 8;
  return {
    clusterBytes,
    clusterBits: Math.log2(clusterBytes),
    clustersInL2: clusterBytes / entryBytes,
    entryBytes,
    knowsZeros: version === 3,
  };
}

/** How many L1 entries a disk of this size takes; what a snapshot keeps of the RAM is mapped behind them. */
export function l1EntriesOf(diskBytes: number, { clusterBytes, clustersInL2 }: Shape): number {
  return Math.ceil(Math.ceil(diskBytes / clusterBytes) / clustersInL2);
}

/** The first entries of a table. @throws BadImage, TooMuchToRead */
export async function readL1(image: ImageBytes, l1: Table, entries: number): Promise<Buffer> {
  if (l1.entries < entries) {
    throw new BadImage(`an L1 table of ${l1.entries} entries for a disk that takes ${entries}`);
  }
  if (entries * 8 > mostL1Bytes) {
    throw new ReadLimitError(`an L1 table of ${entries} entries`);
  }
  return entries === 0 ? Buffer.alloc(0) : image.read(l1.at, entries * 8);
}

/** 0 where none of the clusters was ever written. */
export function l2Place(l1: Buffer, index: number): number {
  return placeIn(l1, index * 8);
}

/** Undefined where none of its clusters was ever written. @throws BadImage, TooMuchToRead */
export async function readL2(image: ImageBytes, place: number, { clusterBytes }: Shape): Promise<Buffer | undefined> {
  if (place === 0) {
    return undefined;
  }
  if (place % clusterBytes !== 0) {
    throw new BadImage(`an L2 table at ${place}`);
  }
  return image.read(place, clusterBytes);
}

/**
 * All L2 tables that an L1 table names, in its order, some read at once; `wanted` leaves out what need not be read.
 * @throws BadImage, TooMuchToRead
 */
export async function eachL2(
  image: ImageBytes,
  l1: Buffer,
  shape: Shape,
  visit: (table: Buffer, l1Index: number, place: number) => void,
  wanted: (place: number) => boolean = () => true,
): Promise<void> {
  await inParts(l1.length / 8, async (from, to) => {
    const asked: (readonly [index: number, place: number])[] = [];
    for (let index = from; index < to; index++) {
      const place = l2Place(l1, index);
      if (place !== 0 && wanted(place)) {
        asked.push([index, place]);
      }
    }
    await inBatches(asked, shape, async ([index, place]) => {
      const table = await readL2(image, place, shape);
      return () => table !== undefined && visit(table, index, place);
    });
  });
}

/**
 * The pairs of L2 tables in which two L1 tables differ; empty ones for those that are not there.
 * @throws BadImage, TooMuchToRead
 */
export async function eachDifferingL2(
  image: ImageBytes,
  l1: Buffer,
  earlier: Buffer,
  shape: Shape,
  visit: (table: Buffer, earlier: Buffer, l1Index: number) => void,
): Promise<void> {
  const empty = Buffer.alloc(shape.clusterBytes);
  await inParts(l1.length / 8, async (from, to) => {
    const asked: (readonly [index: number, place: number, before: number])[] = [];
    for (let index = from; index < to; index++) {
      const before = index * 8 < earlier.length ? l2Place(earlier, index) : 0;
      const place = l2Place(l1, index);
      if (place !== before) {
        asked.push([index, place, before]);
      }
    }
    await inBatches(asked, shape, async ([index, place, before]) => {
      const [table = empty, old = empty] = await Promise.all([
        readL2(image, place, shape),
        readL2(image, before, shape),
      ]);
      return () => visit(table, old, index);
    });
  });
}

/** A table that names nothing to be read would otherwise be gone through in one go. */
async function inParts(entries: number, look: (from: number, to: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < entries; from += entriesAtOnce) {
    await look(from, Math.min(entries, from + entriesAtOnce));
    await nextTurn();
  }
}

/** Reads a few at once, looks at them in order, and lets others have their turn in between. */
async function inBatches<T>(
  items: readonly T[],
  { clusterBytes }: Shape,
  read: (item: T) => Promise<() => void>,
): Promise<void> {
  const most = Math.max(1, Math.floor(batchBytes / clusterBytes));
  for (let from = 0; from < items.length; from += most) {
    for (const visit of await Promise.all(items.slice(from, from + most).map(read))) {
      visit();
    }
  }
}

/**
 * Where a table or a cluster stands, as an entry of 64 bits at `at` says in its bits 9 to 55. Above them stands whether
 * it is shared. Exact: no file is so long.
 */
function placeIn(table: Buffer, at: number): number {
  const low = table.readUInt32BE(at + 4);
  return (table.readUInt32BE(at) & 0x00ff_ffff) * 2 ** 32 + low - (low % sectorBytes);
}

/**
 * Told the host's clusters that an entry refers to, by their number: one for data, and all that the sectors of a
 * compressed cluster touch, each of which may hold others as well. Nothing for what is not there.
 * @throws BadImage
 */
export function eachReference(
  table: Buffer,
  { clusterBytes, clusterBits, clustersInL2, entryBytes }: Shape,
  visit: (hostCluster: number, index: number) => void,
): void {
  for (let index = 0; index < clustersInL2; index++) {
    const at = index * entryBytes;
    const high = table.readUInt32BE(at);
    const low = table.readUInt32BE(at + 4);
    if (high === 0 && low === 0) {
      continue;
    }
    if ((high & compressedBit) !== 0) {
      const { first, end } = compressedSectors(table.readBigUInt64BE(at), clusterBits);
      const sectorsInCluster = clusterBytes / sectorBytes;
      const last = Math.floor((end - 1) / sectorsInCluster);
      for (let cluster = Math.floor(first / sectorsInCluster); cluster <= last; cluster++) {
        visit(cluster, index);
      }
    } else {
      const place = (high & 0x00ff_ffff) * 2 ** 32 + low - (low % sectorBytes);
      if (place !== 0) {
        if (place % clusterBytes !== 0) {
          throw new BadImage(`a cluster at ${place}`);
        }
        visit(place / clusterBytes, index);
      }
    }
  }
}

/** In sectors of 512 bytes: a compressed cluster begins anywhere in one, and its length is told in whole ones. */
function compressedSectors(entry: bigint, clusterBits: number): { readonly first: number; readonly end: number } {
  const offsetBits = BigInt(62 - (clusterBits - 8));
  const offset = entry & ((1n << offsetBits) - 1n);
  const more = (entry & ((1n << 62n) - 1n)) >> offsetBits;
  const first = Number(offset / BigInt(sectorBytes));
  return { first, end: first + Number(more) + 1 };
}

/**
 * | entry                          | is         |
 * |--------------------------------|------------|
 * | no place, no zero flag         | absent     |
 * | bit 62                         | compressed |
 * | zero flag, place or not        | zero       |
 * | place                          | data       |
 *
 * With extended entries each of 32 parts of a cluster is one of these, told by two bits of its own.
 */
export type ClusterContent = 'absent' | 'data' | 'zero' | 'compressed';

/**
 * Told runs of entries that are alike, in order, in parts of a cluster: 1 of them, or 32. Beside a table of the state
 * before, what is mapped as it was there is absent, and what is there no more reads as zeros.
 */
export function eachRun(
  table: Buffer,
  { clustersInL2, entryBytes, knowsZeros }: Shape,
  visit: (from: number, to: number, what: ClusterContent) => void,
  earlier?: Buffer,
): void {
  const parts = entryBytes === 16 ? 32 : 1;
  let from = 0;
  let before: ClusterContent = 'absent';
  const endRun = (at: number, what: ClusterContent): void => {
    if (what !== before) {
      if (at > from) {
        visit(from, at, before);
      }
      from = at;
      before = what;
    }
  };
  for (let index = 0; index < clustersInL2; index++) {
    const at = index * entryBytes;
    const high = table.readUInt32BE(at);
    const low = table.readUInt32BE(at + 4);
    if (earlier !== undefined && isSameEntry(table, earlier, at, entryBytes)) {
      endRun(index * parts, 'absent');
      continue;
    }
    const none = earlier === undefined ? 'absent' : 'zero';
    if ((high & compressedBit) !== 0) {
      endRun(index * parts, 'compressed');
      continue;
    }
    const isPlaced = (high & 0x00ff_ffff) !== 0 || low >>> 9 !== 0;
    if (parts === 1) {
      endRun(index, knowsZeros && (low & 1) !== 0 ? 'zero' : isPlaced ? 'data' : none);
      continue;
    }
    const zeros = table.readUInt32BE(at + 8);
    const data = table.readUInt32BE(at + 12);
    for (let part = 0; part < parts; part++) {
      const bit = 2 ** part;
      const what = (zeros & bit) !== 0 ? 'zero' : isPlaced && (data & bit) !== 0 ? 'data' : none;
      endRun(index * parts + part, what);
    }
  }
  visit(from, clustersInL2 * parts, before);
}

/** But for the bit that says only that nobody else refers to the same cluster. */
function isSameEntry(one: Buffer, other: Buffer, at: number, entryBytes: 8 | 16): boolean {
  const differs = ((one.readUInt32BE(at) ^ other.readUInt32BE(at)) & 0x7fff_ffff) !== 0;
  if (differs || one.readUInt32BE(at + 4) !== other.readUInt32BE(at + 4)) {
    return false;
  }
  return entryBytes === 8 || one.compare(other, at + 8, at + 16, at + 8, at + 16) === 0;
}
