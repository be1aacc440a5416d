// Where the blocks of an inode of ext2, ext3 and ext4 stand on the disk: by extents, or by blocks that name blocks.
import { FileSystemError } from './guestFileSystem.js';
import { type Inode, inodeFlags } from './extLayout.js';

/** Some blocks of a file that stand behind each other; without `at`, they read as zeroes. */
export interface BlockRun {
  /** The first one, counted from the begin of the file. */
  readonly first: number;
  readonly count: number;
  /** The first one on the disk, in blocks. */
  readonly at?: number;
}

export interface ReadBlocks {
  readonly blockBytes: number;
  readonly blocks: number;
  /** One block. */
  block(at: number): Promise<Buffer>;
}

const extentMagic = 0xf30a;
const entryBytes = 12;
const deepest = 5;
/** Longer ones are of a length that was reserved and never written. */
const longestWritten = 32_768;

/** In the order of the file, without gaps, exactly these blocks. */
export async function runsOf(disk: ReadBlocks, inode: Inode, first: number, count: number): Promise<BlockRun[]> {
  const found =
    (inode.flags & inodeFlags.extents) === 0
      ? await runsByBlocks(disk, inode, first, count)
      : await runsByExtents(disk, inode, first, count);
  const runs: BlockRun[] = [];
  let next = first;
  for (const run of found) {
    if (run.first > next) {
      runs.push({ first: next, count: run.first - next });
    }
    const skip = Math.max(0, next - run.first);
    const taken = Math.min(run.count - skip, first + count - run.first - skip);
    if (taken > 0) {
      runs.push({ first: run.first + skip, count: taken, ...(run.at !== undefined && { at: run.at + skip }) });
      next = run.first + skip + taken;
    }
  }
  if (next < first + count) {
    runs.push({ first: next, count: first + count - next });
  }
  return runs;
}

/** Those that touch the wanted blocks, by their place in the file. */
async function runsByExtents(disk: ReadBlocks, inode: Inode, first: number, count: number): Promise<BlockRun[]> {
  const runs: BlockRun[] = [];
  const walk = async (node: Buffer, most: number): Promise<void> => {
    const [entries, room, depth] = [node.readUInt16LE(2), node.readUInt16LE(4), node.readUInt16LE(6)];
    if (
      node.readUInt16LE(0) !== extentMagic ||
      entries > room ||
      (entries + 1) * entryBytes > node.length ||
      depth > most
    ) {
      throw damageOf(inode);
    }
    const starts = Array.from({ length: entries }, (_, index) => node.readUInt32LE((index + 1) * entryBytes));
    for (const [index, start] of starts.entries()) {
      const next = starts[index + 1] ?? Infinity;
      if (next <= start) {
        throw damageOf(inode);
      }
      const at = (index + 1) * entryBytes;
      if (start >= first + count) {
        return;
      }
      if (depth > 0) {
        if (next > first) {
          const block = node.readUInt32LE(at + 4) + node.readUInt16LE(at + 8) * 2 ** 32;
          await walk(await blockOf(disk, inode, block), depth - 1);
        }
        continue;
      }
      const length = node.readUInt16LE(at + 4);
      const isWritten = length <= longestWritten;
      const blocks = isWritten ? length : length - longestWritten;
      if (start + blocks > first) {
        const place = node.readUInt32LE(at + 8) + node.readUInt16LE(at + 6) * 2 ** 32;
        runs.push({ first: start, count: blocks, ...(isWritten && { at: place }) });
      }
    }
  };
  await walk(inode.place, deepest);
  if (runs.some((run, index) => run.first < (runs[index - 1]?.first ?? -1) + (runs[index - 1]?.count ?? 1))) {
    throw damageOf(inode);
  }
  return runs;
}

const direct = 12;

/** Twelve blocks, then one block of blocks, one of blocks of blocks, and one more of that. */
async function runsByBlocks(disk: ReadBlocks, inode: Inode, first: number, count: number): Promise<BlockRun[]> {
  const perBlock = disk.blockBytes / 4;
  const runs: BlockRun[] = [];
  const add = (logical: number, at: number): void => {
    if (at === 0) {
      return;
    }
    const last = runs.at(-1);
    if (last?.at !== undefined && last.first + last.count === logical && last.at + last.count === at) {
      runs[runs.length - 1] = { ...last, count: last.count + 1 };
    } else {
      runs.push({ first: logical, count: 1, at });
    }
  };
  /** @param depth how many tables are between it and the blocks */
  const walk = async (pointer: number, logical: number, depth: number): Promise<void> => {
    const covered = perBlock ** depth;
    if (pointer === 0 || logical >= first + count || logical + covered <= first) {
      return;
    }
    if (depth === 0) {
      add(logical, pointer);
      return;
    }
    const table = await blockOf(disk, inode, pointer);
    const each = covered / perBlock;
    const from = Math.max(0, Math.floor((first - logical) / each));
    for (let index = from; index < perBlock && logical + index * each < first + count; index++) {
      await walk(table.readUInt32LE(index * 4), logical + index * each, depth - 1);
    }
  };
  for (let index = Math.min(first, direct); index < Math.min(direct, first + count); index++) {
    add(index, inode.place.readUInt32LE(index * 4));
  }
  let logical = direct;
  for (const depth of [1, 2, 3]) {
    await walk(inode.place.readUInt32LE((direct + depth - 1) * 4), logical, depth);
    logical += perBlock ** depth;
  }
  return runs;
}

function blockOf(disk: ReadBlocks, inode: Inode, at: number): Promise<Buffer> {
  if (at === 0 || at >= disk.blocks) {
    throw damageOf(inode);
  }
  return disk.block(at);
}

export function damageOf({ number }: Pick<Inode, 'number'>): FileSystemError {
  return new FileSystemError('damaged', `inode ${number}`);
}

// Content of files and folders of ext4 that stands in the inode itself.

const attributeMagic = 0xea020000;

/** What stands in the inode itself: in the place of its blocks, and as its attribute `system.data`. */
export function inlineParts(inode: Inode): readonly [Buffer, Buffer] {
  const { raw, place } = inode;
  const none = Buffer.alloc(0);
  const at = raw.length > 128 ? 128 + raw.readUInt16LE(0x80) : raw.length;
  if (at + 4 > raw.length || raw.readUInt32LE(at) !== attributeMagic) {
    return [place, none];
  }
  const first = at + 4;
  for (let entry = first; entry + 16 <= raw.length && raw.readUInt32LE(entry) !== 0;) {
    const [nameBytes, prefix] = [raw.readUInt8(entry), raw.readUInt8(entry + 1)];
    const [offset, size] = [raw.readUInt16LE(entry + 2), raw.readUInt32LE(entry + 8)];
    if (prefix === 7 && raw.toString('latin1', entry + 16, entry + 16 + nameBytes) === 'data') {
      if (first + offset + size > raw.length) {
        throw damageOf(inode);
      }
      return [place, raw.subarray(first + offset, first + offset + size)];
    }
    entry += 16 + Math.ceil(nameBytes / 4) * 4;
  }
  return [place, none];
}

export function inlineData(inode: Inode): Buffer {
  const all = Buffer.concat([...inlineParts(inode)]);
  if (all.length < inode.bytes) {
    throw damageOf(inode);
  }
  return all.subarray(0, inode.bytes);
}
