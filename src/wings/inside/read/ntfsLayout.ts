// NTFS as it lies on the disk: the boot sector, records with their fixups, attributes and runs. Values in, values out.
// https://flatcap.github.io/linux-ntfs/ntfs/
import { type Disk } from '../bytes/disk.js';
import { FileSystemError } from './guestFileSystem.js';

export interface NtfsLayout {
  readonly clusterBytes: number;
  readonly clusters: number;
  /** Where the first record of the table of files is, in bytes. */
  readonly tableAt: number;
  readonly recordBytes: number;
}

export const ntfsMark = 'NTFS    ';

const isPower = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;

/** Undefined where the disk has none. */
export async function readNtfsLayout(disk: Disk): Promise<NtfsLayout | undefined> {
  const boot = disk.bytes < 512 ? undefined : await disk.read(0, 512);
  if (boot?.toString('latin1', 3, 11) !== ntfsMark) {
    return undefined;
  }
  const sectorBytes = boot.readUInt16LE(11);
  const perCluster = boot.readUInt8(13);
  // Clusters of more than 128 sectors stand as a negative power of two.
  const clusterBytes = sectorBytes * (perCluster > 128 ? 2 ** (256 - perCluster) : perCluster);
  const clusters = Math.floor((Number(boot.readBigUInt64LE(40)) * sectorBytes) / clusterBytes);
  const perRecord = boot.readInt8(64);
  const recordBytes = perRecord < 0 ? 2 ** -perRecord : perRecord * clusterBytes;
  const tableAt = Number(boot.readBigUInt64LE(48)) * clusterBytes;
  const isPossible =
    [512, 1024, 2048, 4096].includes(sectorBytes) &&
    isPower(clusterBytes) &&
    clusterBytes <= 2 * 1024 * 1024 &&
    clusters > 0 &&
    isPower(recordBytes) &&
    recordBytes >= 1024 &&
    recordBytes <= 4096 &&
    tableAt > 0 &&
    tableAt + recordBytes <= disk.bytes;
  if (!isPossible) {
    throw new FileSystemError('damaged', 'the boot sector');
  }
  return { clusterBytes, clusters, tableAt, recordBytes };
}

const strideBytes = 512;

/**
 * A block of several sectors as it was before it was written: the last two bytes of each sector stand at its head, and
 * a mark in their place tells a block of which only a part was written.
 */
export function withoutFixups(written: Buffer, magic: string, detail: string): Buffer {
  const block = Buffer.from(written);
  const [at, count] = [block.readUInt16LE(4), block.readUInt16LE(6)];
  const sectors = block.length / strideBytes;
  if (block.toString('latin1', 0, 4) !== magic || count !== sectors + 1 || at + count * 2 > strideBytes) {
    throw new FileSystemError('damaged', detail);
  }
  for (let sector = 1; sector <= sectors; sector++) {
    const end = sector * strideBytes - 2;
    if (block.readUInt16LE(end) !== block.readUInt16LE(at)) {
      throw new FileSystemError('damaged', detail);
    }
    block.copyWithin(end, at + sector * 2, at + sector * 2 + 2);
  }
  return block;
}

/** `$DATA` and the others, by their numbers. */
export const attributeTypes = {
  standard: 0x10,
  list: 0x20,
  fileName: 0x30,
  volumeName: 0x60,
  data: 0x80,
  indexRoot: 0x90,
  indexAllocation: 0xa0,
  bitmap: 0xb0,
  reparse: 0xc0,
} as const;

/** A part of an attribute: a large one goes on in other records. */
export interface Attribute {
  readonly type: number;
  readonly name: string;
  readonly flags: number;
  /** The value, if it is in the record itself. */
  readonly value?: Buffer;
  /** Where the value is, if it is outside of the record. */
  readonly away?: {
    /** The number of its first cluster, counted from the beginning of the attribute. */
    readonly first: number;
    readonly unitClusters: number;
    readonly bytes: number;
    readonly initializedBytes: number;
    readonly runs: Buffer;
  };
}

export const attributeFlags = { compressed: 0x00ff, encrypted: 0x4000, sparse: 0x8000 } as const;

export interface FileRecord {
  readonly number: number;
  readonly sequence: number;
  readonly isFolder: boolean;
  /** The record that this one belongs to; 0: it stands for itself. */
  readonly base: number;
  readonly attributes: readonly Attribute[];
}

export function damagedRecord(number: number): FileSystemError {
  return new FileSystemError('damaged', `record ${number}`);
}

const endOfAttributes = 0xffffffff;

export function parseRecord(number: number, written: Buffer): FileRecord {
  const raw = withoutFixups(written, 'FILE', `record ${number}`);
  const flags = raw.readUInt16LE(22);
  if ((flags & 1) === 0) {
    throw damagedRecord(number);
  }
  const end = Math.min(raw.length, raw.readUInt32LE(24));
  const attributes: Attribute[] = [];
  for (let at = raw.readUInt16LE(20); at + 4 <= end && raw.readUInt32LE(at) !== endOfAttributes;) {
    const length = at + 24 <= end ? raw.readUInt32LE(at + 4) : 0;
    if (length < 24 || at + length > end) {
      throw damagedRecord(number);
    }
    attributes.push(parseAttribute(raw.subarray(at, at + length), number));
    at += length;
  }
  return {
    number,
    sequence: raw.readUInt16LE(16),
    isFolder: (flags & 2) !== 0,
    base: recordOf(raw, 32),
    attributes,
  };
}

function parseAttribute(raw: Buffer, record: number): Attribute {
  const nameAt = raw.readUInt16LE(10);
  const head = {
    type: raw.readUInt32LE(0),
    name: raw.toString('utf16le', nameAt, nameAt + raw.readUInt8(9) * 2),
    flags: raw.readUInt16LE(12),
  };
  if (raw.readUInt8(8) === 0) {
    const [length, at] = [raw.readUInt32LE(16), raw.readUInt16LE(20)];
    if (at + length > raw.length) {
      throw damagedRecord(record);
    }
    return { ...head, value: raw.subarray(at, at + length) };
  }
  if (raw.length < 64) {
    throw damagedRecord(record);
  }
  const away = {
    first: safe(raw, 16, record),
    unitClusters: 2 ** Math.min(16, raw.readUInt8(34)),
    bytes: 0,
    initializedBytes: 0,
    runs: raw.subarray(raw.readUInt16LE(32)),
  };
  // The parts that go on in other records have no sizes.
  return away.first > 0
    ? { ...head, away }
    : { ...head, away: { ...away, bytes: safe(raw, 48, record), initializedBytes: safe(raw, 56, record) } };
}

function safe(raw: Buffer, at: number, record: number): number {
  const value = Number(raw.readBigUInt64LE(at));
  if (!Number.isSafeInteger(value)) {
    throw damagedRecord(record);
  }
  return value;
}

/** The number of the record that a reference names. */
export function recordOf(raw: Buffer, at: number): number {
  return raw.readUIntLE(at, 6);
}

/** Clusters that lie one behind the other. */
export interface ClusterRun {
  /** Counted from the beginning of the attribute. */
  readonly first: number;
  readonly count: number;
  /** On the disk; absent: a hole. */
  readonly at?: number;
}

/**
 * Appends runs to `into`.
 *
 * @param first the number of the cluster that they begin with
 * @param clusters how many there are on the disk
 * @returns the number of the cluster behind the last
 */
export function addRuns(raw: Buffer, first: number, clusters: number, record: number, into: ClusterRun[]): number {
  let [next, at] = [first, 0];
  for (let place = 0; place < raw.length && raw.readUInt8(place) !== 0;) {
    const head = raw.readUInt8(place);
    const [lengthBytes, placeBytes] = [head & 0xf, head >>> 4];
    if (lengthBytes < 1 || lengthBytes > 6 || placeBytes > 6 || place + 1 + lengthBytes + placeBytes > raw.length) {
      throw damagedRecord(record);
    }
    const count = raw.readUIntLE(place + 1, lengthBytes);
    if (placeBytes > 0) {
      at += raw.readIntLE(place + 1 + lengthBytes, placeBytes);
    }
    const isInside = placeBytes === 0 || (at >= 0 && at + count <= clusters);
    if (count === 0 || !isInside || !Number.isSafeInteger(next + count)) {
      throw damagedRecord(record);
    }
    into.push({ first: next, count, ...(placeBytes > 0 && { at }) });
    next += count;
    place += 1 + lengthBytes + placeBytes;
  }
  return next;
}
