// The header of a qcow2 image (QEMU's docs/interop/qcow2.txt), every number held against the file's size and QEMU's own
// limits before it is used.
import { BadImage, type ImageBytes, prefetch } from './imageBytes.js';

export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterBytes: number;
  readonly virtualBytes: number;
  /** As written: may be relative to the image's folder, or no path at all. */
  readonly backing?: string;
  readonly backingFormat?: string;
  readonly l1: Table;
  readonly snapshots: Table;
  /** A writer has it open, or died with it open. */
  readonly dirty: boolean;
  readonly corrupt: boolean;
  /** The guest's data stand in a file of their own. */
  readonly externalData: boolean;
  /** How that file is named, as written. */
  readonly dataFile?: string;
  readonly encrypted: boolean;
  /** Dirty bitmaps that it stores. */
  readonly bitmaps: number;
  /** Entries of L2 tables have 16 bytes instead of 8. */
  readonly extendedL2: boolean;
  /** The width of the counter of each cluster, which counts the snapshots that have it. */
  readonly refcountBits: number;
}

export interface Table {
  readonly at: number;
  readonly entries: number;
}

/** "QFI\xfb" */
const magic = 0x514649fb;
/** The format `qcow` begins with the same magic, and is another one behind it. */
const versionOfQcow = 1;
const headerBytesOfVersion2 = 72;
const leastHeaderBytesOfVersion3 = 104;
/** What QEMU itself writes into the first cluster, with a backing file's name of the usual length. */
const usualHeaderBytes = 1024;
const usualRefcountBits = 16;
const mostRefcountOrder = 6;
const leastClusterBits = 9;
const mostClusterBits = 21;
const mostBackingBytes = 1023;
export const mostL1Bytes = 32 * 1024 * 1024;
const mostSnapshots = 65_536;
const endOfExtensions = 0;
const backingFormatExtension = 0xe2792aca;
const bitmapsExtension = 0x23852875;
const dataFileExtension = 0x44415441;
const mostFormatBytes = 64;

const incompatible = { dirty: 1n, corrupt: 2n, externalData: 4n, compression: 8n, extendedL2: 16n } as const;
const knownFeatures = 31n;

/** @throws BadImage */
export async function readQcow2Header(file: ImageBytes): Promise<Qcow2Header | 'notQcow2'> {
  const image = await prefetch(file, usualHeaderBytes);
  if (image.size < 4 || (await image.read(0, 4)).readUInt32BE(0) !== magic) {
    return 'notQcow2';
  }
  if (image.size >= 8 && (await image.read(4, 4)).readUInt32BE(0) === versionOfQcow) {
    return 'notQcow2';
  }
  const first = await image.read(0, headerBytesOfVersion2);
  const version = first.readUInt32BE(4);
  if (version !== 2 && version !== 3) {
    throw new BadImage(`version ${version} of qcow2 is not known`);
  }
  const more =
    version === 3
      ? await readMore(image)
      : { features: 0n, headerBytes: headerBytesOfVersion2, refcountBits: usualRefcountBits };
  const clusterBits = first.readUInt32BE(20);
  if (clusterBits < leastClusterBits || clusterBits > mostClusterBits) {
    throw new BadImage(`clusters of 2^${clusterBits} bytes`);
  }
  const clusterBytes = 2 ** clusterBits;
  if (more.headerBytes > clusterBytes) {
    throw new BadImage(`a header of ${more.headerBytes} bytes`);
  }
  const backingAt = size(first, 8, 'the place of the backing file');
  const backing = await readBacking(image, backingAt, first.readUInt32BE(16), clusterBytes);
  const extensionsEnd = backing === undefined ? clusterBytes : backingAt;
  const { backingFormat, bitmaps = 0, dataFile } = await readExtensions(image, more.headerBytes, extensionsEnd);
  return {
    version,
    clusterBytes,
    virtualBytes: size(first, 24, 'the virtual size'),
    ...(backing === undefined ? {} : { backing }),
    ...(backing === undefined || backingFormat === undefined ? {} : { backingFormat }),
    l1: tableWithin(image, size(first, 40, 'the place of the L1 table'), first.readUInt32BE(36), mostL1Bytes / 8, 8),
    snapshots: tableWithin(
      image,
      size(first, 64, 'the place of the snapshots'),
      first.readUInt32BE(60),
      mostSnapshots,
      40,
    ),
    dirty: (more.features & incompatible.dirty) !== 0n,
    corrupt: (more.features & incompatible.corrupt) !== 0n,
    externalData: (more.features & incompatible.externalData) !== 0n,
    ...(dataFile === undefined ? {} : { dataFile }),
    encrypted: first.readUInt32BE(32) !== 0,
    bitmaps,
    extendedL2: (more.features & incompatible.extendedL2) !== 0n,
    refcountBits: more.refcountBits,
  };
}

/** A table of which each entry takes at least `entryBytes`. */
export function tableWithin(image: ImageBytes, at: number, entries: number, most: number, entryBytes: number): Table {
  if (entries > most || (entries > 0 && (at < headerBytesOfVersion2 || at + entries * entryBytes > image.size))) {
    throw new BadImage(`a table of ${entries} entries at ${at} in a file of ${image.size} bytes`);
  }
  return { at, entries };
}

/** 64 bits that must be a place or a size: a number without loss. */
export function size(bytes: Buffer, at: number, what: string): number {
  const value = Number(bytes.readBigUInt64BE(at));
  if (!Number.isSafeInteger(value)) {
    throw new BadImage(`${what} is ${value}`);
  }
  return value;
}

interface MoreHeader {
  readonly features: bigint;
  readonly headerBytes: number;
  readonly refcountBits: number;
}

async function readMore(image: ImageBytes): Promise<MoreHeader> {
  const bytes = await image.read(headerBytesOfVersion2, leastHeaderBytesOfVersion3 - headerBytesOfVersion2);
  const features = bytes.readBigUInt64BE(0);
  if ((features & ~knownFeatures) !== 0n) {
    throw new BadImage(`features ${features.toString(16)} that are not known`);
  }
  const headerBytes = bytes.readUInt32BE(100 - headerBytesOfVersion2);
  if (headerBytes < leastHeaderBytesOfVersion3 || headerBytes % 8 !== 0) {
    throw new BadImage(`a header of ${headerBytes} bytes`);
  }
  const order = bytes.readUInt32BE(96 - headerBytesOfVersion2);
  if (order > mostRefcountOrder) {
    throw new BadImage(`refcounts of 2^${order} bits`);
  }
  return { features, headerBytes, refcountBits: 2 ** order };
}

async function readBacking(
  image: ImageBytes,
  at: number,
  length: number,
  clusterBytes: number,
): Promise<string | undefined> {
  if (at === 0) {
    return undefined;
  }
  if (length === 0 || length > mostBackingBytes || at + length > clusterBytes) {
    throw new BadImage(`a backing file's name of ${length} bytes at ${at}`);
  }
  return (await image.read(at, length)).toString('utf8');
}

interface Extensions {
  readonly backingFormat?: string;
  readonly bitmaps?: number;
  readonly dataFile?: string;
}

/** The extensions stand between the header and the backing file's name, each with its type and length before it. */
async function readExtensions(image: ImageBytes, start: number, end: number): Promise<Extensions> {
  let found: Extensions = {};
  for (let at = start; at + 8 <= Math.min(end, image.size);) {
    const head = await image.read(at, 8);
    const type = head.readUInt32BE(0);
    const length = head.readUInt32BE(4);
    if (type === endOfExtensions) {
      return found;
    }
    if (at + 8 + length > end) {
      throw new BadImage(`an extension of ${length} bytes at ${at}`);
    }
    if (type === backingFormatExtension) {
      if (length > mostFormatBytes) {
        throw new BadImage(`a format's name of ${length} bytes`);
      }
      found = { ...found, backingFormat: (await image.read(at + 8, length)).toString('utf8') };
    } else if (type === dataFileExtension) {
      if (length > mostBackingBytes) {
        throw new BadImage(`a data file's name of ${length} bytes`);
      }
      found = { ...found, dataFile: (await image.read(at + 8, length)).toString('utf8') };
    } else if (type === bitmapsExtension && length >= 4) {
      found = { ...found, bitmaps: (await image.read(at + 8, 4)).readUInt32BE(0) };
    }
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return found;
}
