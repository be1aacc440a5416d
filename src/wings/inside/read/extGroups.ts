// What the descriptor of a group of ext2, ext3 and ext4 says.

export interface ExtGroup {
  /** First blocks of each. */
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  /** Inodes at the end of its table that were never used. */
  readonly unusedInodes: number;
  /** Its map of blocks was never written: no file has a block in it. */
  readonly isEmpty: boolean;
}

const blocksUnwritten = 0x2;

export function parseGroup(raw: Buffer): ExtGroup {
  const isWide = raw.length >= 64;
  const block = (at: number, high: number): number =>
    raw.readUInt32LE(at) + (isWide ? raw.readUInt32LE(high) * 2 ** 32 : 0);
  return {
    blockBitmap: block(0x0, 0x20),
    inodeBitmap: block(0x4, 0x24),
    inodeTable: block(0x8, 0x28),
    unusedInodes: raw.readUInt16LE(0x1c) + (isWide ? raw.readUInt16LE(0x32) * 65_536 : 0),
    isEmpty: (raw.readUInt16LE(0x12) & blocksUnwritten) !== 0,
  };
}
