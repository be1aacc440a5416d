// Where ext2, ext3 and ext4 keep what: the superblock, the groups and the inodes as values. Read only.
// https://docs.kernel.org/filesystems/ext4/globals.html and dynamic.html
import { type Disk } from '../bytes/disk.js';
import { compatible, externalJournal, needs, readOnlyCompatible, requireRead } from './extFeatures.js';
import { FileSystemError } from './guestFileSystem.js';

const superblockAt = 1024;
const superblockBytes = 1024;
const magic = 0xef53;

export interface ExtSuperblock {
  readonly type: 'ext2' | 'ext3' | 'ext4';
  readonly label: string;
  readonly uuid: Buffer;
  readonly blockBytes: number;
  readonly blocks: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  /** Blocks that one bit of a map of blocks stands for. */
  readonly blocksPerBit: number;
  readonly inodes: number;
  readonly inodesPerGroup: number;
  readonly inodeBytes: number;
  readonly descriptorBytes: number;
  /** Inode of the journal; 0: none inside of this file system. */
  readonly journal: number;
  /** The journal has what is not in its place. */
  readonly needsRecovery: boolean;
  readonly firstMetaGroup: number | undefined;
  readonly hasBackup: (group: number) => boolean;
}

/** Undefined where the disk has none. Rejects with `FileSystemError` for what is not understood, or cannot be. */
export async function readExtSuperblock(disk: Disk): Promise<ExtSuperblock | undefined> {
  if (disk.bytes < superblockAt + superblockBytes) {
    return undefined;
  }
  const raw = await disk.read(superblockAt, superblockBytes);
  if (raw.readUInt16LE(0x38) !== magic) {
    return undefined;
  }
  // As the kernel: also of the first revision, which had none.
  const [extras, features, readOnly] = [raw.readUInt32LE(0x5c), raw.readUInt32LE(0x60), raw.readUInt32LE(0x64)];
  requireRead(features, 'fileSystem');
  const has = (feature: keyof typeof needs): boolean => (features & needs[feature]) !== 0;
  const hasJournal = (extras & compatible.has_journal) !== 0;
  const journal = hasJournal ? raw.readUInt32LE(0xe0) : 0;
  if (hasJournal && journal === 0 && has('needs_recovery')) {
    throw new FileSystemError('unsupported', externalJournal);
  }
  const isWide = has('64bit');
  const found: ExtSuperblock = {
    type: has('extent') ? 'ext4' : hasJournal ? 'ext3' : 'ext2',
    label: textOf(raw.subarray(0x78, 0x88)),
    uuid: raw.subarray(0x68, 0x78),
    blockBytes: 1024 * 2 ** raw.readUInt32LE(0x18),
    blocks: raw.readUInt32LE(0x4) + (isWide ? raw.readUInt32LE(0x150) * 2 ** 32 : 0),
    firstDataBlock: raw.readUInt32LE(0x14),
    blocksPerGroup: raw.readUInt32LE(0x20),
    blocksPerBit:
      (readOnly & readOnlyCompatible.bigalloc) !== 0 ? 2 ** (raw.readUInt32LE(0x1c) - raw.readUInt32LE(0x18)) : 1,
    inodes: raw.readUInt32LE(0x0),
    inodesPerGroup: raw.readUInt32LE(0x28),
    inodeBytes: raw.readUInt32LE(0x4c) >= 1 ? raw.readUInt16LE(0x58) : 128,
    descriptorBytes: isWide ? raw.readUInt16LE(0xfe) : 32,
    journal,
    needsRecovery: has('needs_recovery'),
    firstMetaGroup: has('meta_bg') ? raw.readUInt32LE(0x104) : undefined,
    hasBackup: backupsOf(raw, extras, readOnly),
  };
  if (!isPlausible(found, disk)) {
    throw new FileSystemError('damaged', 'the superblock');
  }
  return found;
}

function isPlausible(found: ExtSuperblock, disk: Disk): boolean {
  const { blockBytes, blocks, blocksPerGroup, inodes, inodesPerGroup, inodeBytes, descriptorBytes } = found;
  return (
    blockBytes <= 65_536 &&
    blocksPerGroup > 0 &&
    blocksPerGroup <= blockBytes * 8 * 32 &&
    found.blocksPerBit >= 1 &&
    inodesPerGroup > 0 &&
    inodesPerGroup <= blockBytes * 8 &&
    inodes > 0 &&
    inodeBytes >= 128 &&
    inodeBytes <= blockBytes &&
    (inodeBytes & (inodeBytes - 1)) === 0 &&
    descriptorBytes >= 32 &&
    descriptorBytes <= blockBytes &&
    (descriptorBytes & (descriptorBytes - 1)) === 0 &&
    blocks > found.firstDataBlock &&
    // One that was made for a larger disk is cut off: what is there can be read.
    disk.bytes >= blockBytes
  );
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Which groups begin with a copy of the superblock, behind which their other tables stand. */
function backupsOf(raw: Buffer, extras: number, readOnly: number): (group: number) => boolean {
  if ((extras & compatible.sparse_super2) !== 0) {
    const named = [raw.readUInt32LE(0x24c), raw.readUInt32LE(0x250)];
    return (group) => group === 0 || named.includes(group);
  }
  if ((readOnly & readOnlyCompatible.sparse_super) === 0) {
    return () => true;
  }
  return (group) => group <= 1 || [3, 5, 7].some((base) => isPowerOf(base, group));
}

function isPowerOf(base: number, value: number): boolean {
  let power = base;
  while (power < value) {
    power *= base;
  }
  return power === value;
}

export const inodeFlags = {
  encrypted: 0x800,
  extents: 0x80000,
  inlineData: 0x10000000,
} as const;

export interface Inode {
  readonly number: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly bytes: number;
  readonly links: number;
  readonly flags: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
  /** The time of the last change to the inode itself; as the guest cannot set it, it tells what changed. */
  readonly changedAt: number;
  readonly generation: number;
  /** The 60 bytes that lead to its blocks, or are its content. */
  readonly place: Buffer;
  /** All of it. */
  readonly raw: Buffer;
}

export function parseInode(number: number, raw: Buffer): Inode {
  const mode = raw.readUInt16LE(0);
  const isLong = raw.length > 128 && raw.readUInt16LE(0x80) >= 12;
  const isPlain = (mode & 0xf000) === 0x8000 || (mode & 0xf000) === 0x4000;
  return {
    number,
    mode,
    uid: raw.readUInt16LE(2) + raw.readUInt16LE(0x78) * 65_536,
    gid: raw.readUInt16LE(0x18) + raw.readUInt16LE(0x7a) * 65_536,
    bytes: raw.readUInt32LE(4) + (isPlain ? raw.readUInt32LE(0x6c) * 2 ** 32 : 0),
    links: raw.readUInt16LE(0x1a),
    flags: raw.readUInt32LE(0x20),
    modifiedAt: timeOf(raw.readInt32LE(0x10), isLong ? raw.readUInt32LE(0x88) : 0),
    changedAt: timeOf(raw.readInt32LE(0xc), isLong ? raw.readUInt32LE(0x84) : 0),
    generation: raw.readUInt32LE(0x64),
    place: raw.subarray(0x28, 0x64),
    raw,
  };
}

/** Two bits above the 32 of the seconds, and thirty of nanoseconds. */
function timeOf(seconds: number, extra: number): number {
  return (seconds + (extra & 3) * 2 ** 32) * 1000 + Math.floor((extra >>> 2) / 1e6);
}
