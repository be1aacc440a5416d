// ext2, ext3 and ext4, read only, with what their journal has newer. https://docs.kernel.org/filesystems/ext4/
import type { Disk } from '../bytes/disk.js';
import { pauseIfLong } from '../bytes/pause.js';
import { type BlockRun, damageOf, type ReadBlocks, runsOf } from './extBlocks.js';
import { inlineData, inlineParts } from './extBlocks.js';
import { readJournal } from './extJournal.js';
import { type ExtSuperblock, type Inode, inodeFlags, parseInode, readExtSuperblock } from './extLayout.js';
import {
  type ContentPlace,
  FileSystemError,
  type FolderEntry,
  type GuestFileSystem,
  mostEntries,
  nameOf,
  type NodeFacts,
  type NodeKind,
} from './guestFileSystem.js';

const rootInode = 2;
/** A folder of a million names. */
const longestFolder = 64 * 1024 * 1024;
const longestLink = 4096;
/** Content is read in pieces of this size. */
const longestRun = 4 * 1024 * 1024;

/** Undefined where the disk has none of them. */
export async function openExt(disk: Disk): Promise<ExtFileSystem | undefined> {
  const before = await readExtSuperblock(disk);
  if (before === undefined) {
    return undefined;
  }
  if (!before.needsRecovery || before.journal === 0) {
    return new ExtFileSystem(disk, before, before.journal === 0 ? 'none' : 'clean');
  }
  const { replayed, blocks } = await replayedDisk(disk, before);
  const after = await readExtSuperblock(replayed);
  if (after === undefined) {
    throw new FileSystemError('damaged', 'the journal');
  }
  return new ExtFileSystem(replayed, after, 'replayed', blocks);
}

interface ReplayedDisk {
  readonly replayed: Disk;
  /** Which blocks it has newer. */
  readonly blocks: readonly number[];
}

/** The disk as it is when the journal has been carried out. */
async function replayedDisk(disk: Disk, superblock: ExtSuperblock): Promise<ReplayedDisk> {
  const { blockBytes } = superblock;
  const raw = new ExtFileSystem(disk, superblock, 'clean');
  const journal = await raw.inode(superblock.journal);
  const journalBlock = async (at: number): Promise<Buffer> => {
    const bytes = await raw.readInode(journal, at * blockBytes, blockBytes);
    if (bytes.length < blockBytes) {
      throw new FileSystemError('damaged', 'the journal');
    }
    return bytes;
  };
  const newer = await readJournal(journalBlock, blockBytes);
  if (newer.size === 0) {
    return { replayed: disk, blocks: [] };
  }
  const replayed: Disk = {
    bytes: disk.bytes,
    read: async (at, length) => {
      const bytes = Buffer.from(await disk.read(at, length));
      const last = Math.floor((at + length - 1) / blockBytes);
      for (let block = Math.floor(at / blockBytes); block <= last; block++) {
        const where = newer.get(block);
        if (where !== undefined) {
          const content = Buffer.from(await journalBlock(where.at));
          if (where.isEscaped) {
            content.writeUInt32BE(0xc03b3998, 0);
          }
          const from = block * blockBytes - at;
          content.copy(bytes, Math.max(0, from), Math.max(0, -from), blockBytes);
        }
      }
      return bytes;
    },
  };
  return { replayed, blocks: [...newer.keys()] };
}

const kindOfMode: Readonly<Record<number, NodeKind>> = { 0x8: 'file', 0x4: 'folder', 0xa: 'link' };
const kindOfEntry: Readonly<Record<number, NodeKind>> = { 1: 'file', 2: 'folder', 7: 'link' };

export class ExtFileSystem implements GuestFileSystem {
  readonly type: string;
  readonly label: string;
  readonly root = rootInode;
  readonly #blocks: ReadBlocks;

  constructor(
    readonly disk: Disk,
    readonly superblock: ExtSuperblock,
    readonly journal: GuestFileSystem['journal'],
    /** Those that the journal has newer than they stand on the disk. */
    readonly replayed: readonly number[] = [],
  ) {
    this.type = superblock.type;
    this.label = superblock.label;
    const { blockBytes, blocks } = superblock;
    this.#blocks = { blockBytes, blocks, block: (at) => disk.read(at * blockBytes, blockBytes) };
  }

  async facts(node: number): Promise<NodeFacts> {
    const inode = await this.inode(node);
    const { mode, uid, gid, links, bytes, modifiedAt } = inode;
    return { kind: kindOf(inode), mode, uid, gid, links, bytes, modifiedAt };
  }

  async list(node: number): Promise<readonly FolderEntry[]> {
    const inode = await this.inode(node);
    if (kindOf(inode) !== 'folder') {
      throw new FileSystemError('notAFolder', `inode ${node}`);
    }
    if (inode.bytes > longestFolder) {
      throw new FileSystemError('tooLarge', `inode ${node}`);
    }
    if ((inode.flags & inodeFlags.encrypted) !== 0) {
      throw new FileSystemError('encrypted', `inode ${node}`);
    }
    const entries: FolderEntry[] = [];
    for (const block of await this.#folderBlocks(inode)) {
      addEntries(block, inode, entries);
      await pauseIfLong();
    }
    return entries;
  }

  async readLink(node: number): Promise<string> {
    const inode = await this.inode(node);
    if (kindOf(inode) !== 'link' || inode.bytes > longestLink) {
      throw damageOf(inode);
    }
    const isInPlace = inode.bytes < 60 && (inode.flags & (inodeFlags.extents | inodeFlags.inlineData)) === 0;
    const bytes = isInPlace ? inode.place.subarray(0, inode.bytes) : await this.readInode(inode, 0, inode.bytes);
    return bytes.toString('utf8');
  }

  async read(node: number, at: number, length: number): Promise<Buffer> {
    const inode = await this.inode(node);
    const kind = kindOf(inode);
    if (kind !== 'file') {
      throw new FileSystemError(kind === 'folder' ? 'isAFolder' : 'notAFile', `inode ${node}`);
    }
    return this.readInode(inode, at, length);
  }

  async places(node: number, at: number, length: number): Promise<readonly ContentPlace[] | undefined> {
    const inode = await this.inode(node);
    const { blockBytes } = this.superblock;
    if ((inode.flags & inodeFlags.inlineData) !== 0) {
      return undefined;
    }
    const first = Math.floor(at / blockBytes);
    const runs = await runsOf(this.#blocks, inode, first, Math.ceil((at + length) / blockBytes) - first);
    return runs.map((run) => ({
      bytes: run.count * blockBytes,
      ...(run.at !== undefined && { at: run.at * blockBytes }),
    }));
  }

  /** All blocks of an inode: of its content, and those that name them. */
  async blocksOf(inode: Inode): Promise<readonly { readonly at: number; readonly count: number }[]> {
    const named: { readonly at: number; readonly count: number }[] = [];
    const block = (at: number): Promise<Buffer> => {
      named.push({ at, count: 1 });
      return this.#blocks.block(at);
    };
    const count = Math.ceil(inode.bytes / this.superblock.blockBytes);
    const runs = await runsOf({ ...this.#blocks, block }, inode, 0, count);
    return [...named, ...runs.flatMap(({ at, count }) => (at === undefined ? [] : [{ at, count }]))];
  }

  async inode(number: number): Promise<Inode> {
    const { inodes, inodesPerGroup, inodeBytes } = this.superblock;
    if (!Number.isInteger(number) || number < 1 || number > inodes) {
      throw new FileSystemError('damaged', `inode ${number}`);
    }
    const group = Math.floor((number - 1) / inodesPerGroup);
    const table = await this.inodeTable(group);
    const at = table + ((number - 1) % inodesPerGroup) * inodeBytes;
    return parseInode(number, await this.disk.read(at, inodeBytes));
  }

  /** Where the inodes of a group begin on the disk, in bytes. */
  async inodeTable(group: number): Promise<number> {
    return (await this.group(group)).inodeTable * this.superblock.blockBytes;
  }

  async group(group: number): Promise<ExtGroup> {
    const { blocks, descriptorBytes } = this.superblock;
    const found = parseGroup(await this.disk.read(this.descriptorAt(group), descriptorBytes));
    if (found.inodeTable === 0 || found.inodeTable >= blocks) {
      throw new FileSystemError('damaged', `group ${group}`);
    }
    return found;
  }

  /** Reads from a file, a folder or the journal, within its length. */
  async readInode(inode: Inode, at: number, length: number): Promise<Buffer> {
    const { blockBytes } = this.superblock;
    const bytes = Math.max(0, Math.min(length, inode.bytes - at));
    if ((inode.flags & inodeFlags.encrypted) !== 0) {
      throw new FileSystemError('encrypted', `inode ${inode.number}`);
    }
    if ((inode.flags & inodeFlags.inlineData) !== 0) {
      return inlineData(inode).subarray(at, at + bytes);
    }
    if (bytes === 0) {
      return Buffer.alloc(0);
    }
    const first = Math.floor(at / blockBytes);
    const count = Math.ceil((at + bytes) / blockBytes) - first;
    const runs = await runsOf(this.#blocks, inode, first, count);
    const parts = await Promise.all(runs.flatMap((run) => this.#partsOf(run, inode)));
    const start = at - first * blockBytes;
    return Buffer.concat(parts).subarray(start, start + bytes);
  }

  #partsOf(run: BlockRun, inode: Inode): Promise<Buffer>[] {
    const { blockBytes, blocks } = this.superblock;
    const { at } = run;
    if (at === undefined) {
      return [Promise.resolve(Buffer.alloc(run.count * blockBytes))];
    }
    if (at === 0 || at + run.count > blocks) {
      throw damageOf(inode);
    }
    const most = longestRun / blockBytes;
    return Array.from({ length: Math.ceil(run.count / most) }, (_, index) => {
      const from = index * most;
      return this.disk.read((at + from) * blockBytes, Math.min(most, run.count - from) * blockBytes);
    });
  }

  async #folderBlocks(inode: Inode): Promise<readonly Buffer[]> {
    const { blockBytes } = this.superblock;
    if ((inode.flags & inodeFlags.inlineData) !== 0) {
      // The first four bytes are the folder above; what does not fit behind them stands among the attributes.
      const [head, rest] = inlineParts(inode);
      return [head.subarray(4), rest].filter(({ length }) => length > 0);
    }
    const all = await this.readInode(inode, 0, inode.bytes);
    return Array.from({ length: Math.ceil(all.length / blockBytes) }, (_, index) =>
      all.subarray(index * blockBytes, (index + 1) * blockBytes),
    );
  }

  /** In bytes. */
  descriptorAt(group: number): number {
    const { blockBytes, descriptorBytes, firstDataBlock, firstMetaGroup, blocksPerGroup, hasBackup } = this.superblock;
    const perBlock = blockBytes / descriptorBytes;
    const superblockBlock = Math.floor(1024 / blockBytes);
    const table = Math.floor(group / perBlock);
    const inBlock = (group % perBlock) * descriptorBytes;
    if (firstMetaGroup === undefined || table < firstMetaGroup) {
      return (superblockBlock + 1) * blockBytes + group * descriptorBytes;
    }
    const firstOfMeta = table * perBlock;
    // With clusters of several blocks of 1 KB, the first group begins a block before its superblock.
    const ahead = table === 0 ? superblockBlock - firstDataBlock : 0;
    const block = firstDataBlock + ahead + firstOfMeta * blocksPerGroup + (hasBackup(firstOfMeta) ? 1 : 0);
    return block * blockBytes + inBlock;
  }
}

function kindOf({ mode }: Pick<Inode, 'mode'>): NodeKind {
  return kindOfMode[mode >>> 12] ?? 'other';
}

/** Adds the entries of one block; none may leave it. */
function addEntries(block: Buffer, inode: Inode, into: FolderEntry[]): void {
  for (let at = 0; at + 8 <= block.length;) {
    const [node, written] = [block.readUInt32LE(at), block.readUInt16LE(at + 4)];
    // The length of a block of 64 KB does not fit.
    const length = written === 0xffff || written === 0 ? 65_536 : written;
    const nameBytes = block.readUInt8(at + 6);
    if (length < 8 || length % 4 !== 0 || at + length > block.length || 8 + nameBytes > length) {
      throw damageOf(inode);
    }
    const name = block.subarray(at + 8, at + 8 + nameBytes);
    const isItself = nameBytes <= 2 && name.every((byte) => byte === 0x2e);
    if (node !== 0 && nameBytes > 0 && !isItself) {
      if (into.length >= mostEntries) {
        throw new FileSystemError('tooLarge', `inode ${inode.number}`);
      }
      const kind = kindOfEntry[block.readUInt8(at + 7)];
      into.push({ name: nameOf(name), node, ...(kind !== undefined && { kind }) });
    }
    at += length;
  }
}

// What the descriptor of a group of ext2, ext3 and ext4 says.

interface ExtGroup {
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

function parseGroup(raw: Buffer): ExtGroup {
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
