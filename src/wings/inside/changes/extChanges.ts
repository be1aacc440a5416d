// Which inodes differ between two states of an ext2, ext3 or ext4: by the parts of their tables that changed, and by
// changed blocks that belong to an inode which says that nothing changed.
import { pauseIfLong } from '../bytes/pause.js';
import { FileSystemError } from '../read/guestFileSystem.js';
import type { ExtFileSystem } from '../read/extFileSystem.js';
import { type ExtSuperblock, type Inode, inodeFlags, parseInode } from '../read/extLayout.js';
import {
  type ByteRange,
  isTouched,
  joinRanges,
  type Ranges,
  rangesWithin,
  subtractRanges,
  wholePieces,
} from './ranges.js';

/** More are not kept: everything is compared then. */
const mostInodes = 4_000_000;
const pieceBytes = 256 * 1024;
const rootInode = 2;
const journalInode = 8;
/** Those below belong to the file system. */
const firstOwnInode = 11;

interface ExtComparison {
  readonly before: ExtFileSystem;
  readonly after: ExtFileSystem;
  /** Where the disk may differ, with what the journals have newer; undefined: anywhere. */
  readonly changed: Ranges | undefined;
  readonly signal: AbortSignal;
}

/** What both have newer in their journals stands nowhere on the disks. */
export function withReplayed(before: ExtFileSystem, after: ExtFileSystem, changed: Ranges): Ranges {
  const { blockBytes } = after.superblock;
  const replayed = [...before.replayed, ...after.replayed].map((block) => ({
    start: block * blockBytes,
    end: (block + 1) * blockBytes,
  }));
  return wholePieces(joinRanges([...changed, ...replayed]), blockBytes);
}

/** Undefined where their inodes have other places, or too many differ: each may be another one. */
export async function changedInodes(comparison: ExtComparison): Promise<ReadonlySet<number> | undefined> {
  const { before, after, changed } = comparison;
  if (!isLaidOutAlike(before.superblock, after.superblock)) {
    return undefined;
  }
  const differing = new Set<number>();
  for (let group = 0; group < groupsOf(after.superblock); group++) {
    comparison.signal.throwIfAborted();
    await addDiffering(comparison, group, differing);
    if (differing.size > mostInodes) {
      return undefined;
    }
  }
  const rest = changed === undefined ? [] : await contentOfOthers(comparison, changed, differing);
  if (rest.length > 0) {
    await addOwners(comparison, rest, differing);
  }
  return differing;
}

function isLaidOutAlike(one: ExtSuperblock, other: ExtSuperblock): boolean {
  return (
    ['blockBytes', 'blocksPerGroup', 'inodesPerGroup', 'inodeBytes', 'firstDataBlock', 'blocksPerBit'] as const
  ).every((what) => one[what] === other[what]);
}

function groupsOf({ inodes, inodesPerGroup }: ExtSuperblock): number {
  return Math.ceil(inodes / inodesPerGroup);
}

/** Compares what may have changed of one table. */
async function addDiffering(comparison: ExtComparison, group: number, into: Set<number>): Promise<void> {
  const { before, after, changed } = comparison;
  const { inodesPerGroup, inodeBytes, blockBytes } = after.superblock;
  const [own, old] = [
    await after.group(group),
    group < groupsOf(before.superblock) ? await before.group(group) : undefined,
  ];
  const used = Math.max(
    usedInodes(own.unusedInodes, inodesPerGroup),
    usedInodes(old?.unusedInodes ?? 0, inodesPerGroup),
  );
  const [at, oldAt] = [own.inodeTable * blockBytes, (old?.inodeTable ?? 0) * blockBytes];
  const whole = { start: at, end: at + Math.ceil((used * inodeBytes) / blockBytes) * blockBytes };
  const parts = changed === undefined || oldAt !== at ? [whole] : rangesWithin(changed, whole.start, whole.end);
  for (const { start, end } of piecesOf(parts, pieceBytes)) {
    const [now, then] = await Promise.all([
      after.disk.read(start, end - start),
      old === undefined ? Buffer.alloc(end - start) : before.disk.read(oldAt + start - at, end - start),
    ]);
    for (let from = 0; from < now.length; from += inodeBytes) {
      const [one, other] = [now.subarray(from, from + inodeBytes), then.subarray(from, from + inodeBytes)];
      if (!one.equals(other) && !withoutReads(one).equals(withoutReads(other))) {
        into.add(group * inodesPerGroup + (start - at + from) / inodeBytes + 1);
      }
    }
    await pauseIfLong();
  }
}

function usedInodes(unused: number, inodesPerGroup: number): number {
  return unused > inodesPerGroup ? inodesPerGroup : inodesPerGroup - unused;
}

/** When it was read last, and its checksum, say nothing. */
const fieldsOfReads = [
  [0x8, 4],
  [0x7c, 2],
  [0x82, 2],
  [0x8c, 4],
] as const;

function withoutReads(raw: Buffer): Buffer {
  const kept = Buffer.from(raw);
  fieldsOfReads.forEach(([at, bytes]) => {
    if (at < raw.length) {
      kept.fill(0, at, at + bytes);
    }
  });
  return kept;
}

/** Blocks that both have in use and that differ, though no table and no inode that differs accounts for them. */
async function contentOfOthers(
  comparison: ExtComparison,
  changed: Ranges,
  differing: ReadonlySet<number>,
): Promise<Ranges> {
  const { before, after, signal } = comparison;
  const { blockBytes } = after.superblock;
  const known: ByteRange[] = [];
  for (const system of [before, after]) {
    known.push(...(await tablesOf(system)));
    for (const number of [journalInode, ...differing]) {
      signal.throwIfAborted();
      known.push(...(await blocksOf(system, number)));
    }
  }
  const rest: ByteRange[] = [];
  for (const piece of piecesOf(subtractRanges(changed, joinRanges(known)), pieceBytes)) {
    signal.throwIfAborted();
    await pauseIfLong();
    for (const { start, end } of await inUse(comparison, piece)) {
      const [now, then] = await Promise.all([
        after.disk.read(start, end - start),
        before.disk.read(start, end - start),
      ]);
      for (let at = 0; at < now.length; at += blockBytes) {
        if (!now.subarray(at, at + blockBytes).equals(then.subarray(at, at + blockBytes))) {
          rest.push({ start: start + at, end: start + at + blockBytes });
        }
      }
    }
  }
  return joinRanges(rest);
}

/** What belongs to no file: superblocks, descriptors, maps and inodes. */
async function tablesOf(system: ExtFileSystem): Promise<readonly ByteRange[]> {
  const { blockBytes, blocksPerGroup, firstDataBlock, inodesPerGroup, inodeBytes, descriptorBytes, hasBackup } =
    system.superblock;
  const groups = groupsOf(system.superblock);
  const descriptors = Math.ceil((groups * descriptorBytes) / blockBytes);
  const blocks: { readonly at: number; readonly count: number }[] = [{ at: Math.floor(1024 / blockBytes), count: 1 }];
  for (let group = 0; group < groups; group++) {
    const { blockBitmap, inodeBitmap, inodeTable } = await system.group(group);
    blocks.push(
      { at: blockBitmap, count: 1 },
      { at: inodeBitmap, count: 1 },
      { at: inodeTable, count: Math.ceil((inodesPerGroup * inodeBytes) / blockBytes) },
      { at: Math.floor(system.descriptorAt(group) / blockBytes), count: 1 },
      ...(hasBackup(group) ? [{ at: firstDataBlock + group * blocksPerGroup, count: 1 + descriptors }] : []),
    );
  }
  return blocks.map((run) => bytesOf(run, blockBytes));
}

function bytesOf({ at, count }: { readonly at: number; readonly count: number }, blockBytes: number): ByteRange {
  return { start: at * blockBytes, end: (at + count) * blockBytes };
}

/** The blocks that both file systems have given to something. */
async function inUse({ before, after }: ExtComparison, { start, end }: ByteRange): Promise<Ranges> {
  const { blockBytes } = after.superblock;
  const used: ByteRange[] = [];
  for (let block = start / blockBytes; block < end / blockBytes; block++) {
    if ((await isInUse(after, block)) && (await isInUse(before, block))) {
      used.push(bytesOf({ at: block, count: 1 }, blockBytes));
    }
  }
  return joinRanges(used);
}

async function isInUse(system: ExtFileSystem, block: number): Promise<boolean> {
  const { blockBytes, blocks, blocksPerGroup, blocksPerBit, firstDataBlock } = system.superblock;
  if (block < firstDataBlock || block >= blocks) {
    return false;
  }
  const group = Math.floor((block - firstDataBlock) / blocksPerGroup);
  const { blockBitmap, isEmpty } = await system.group(group);
  const bit = Math.floor(((block - firstDataBlock) % blocksPerGroup) / blocksPerBit);
  const at = blockBitmap * blockBytes + (bit >>> 3);
  return !isEmpty && (((await system.disk.read(at, 1)).readUInt8(0) >>> (bit & 7)) & 1) === 1;
}

/** None where it is damaged: it is compared as it differs, which tells so. */
async function blocksOf(system: ExtFileSystem, number: number): Promise<readonly ByteRange[]> {
  try {
    return number > system.superblock.inodes ? [] : await blocksOfInode(system, await system.inode(number));
  } catch (error) {
    toUndefinedIfDamaged(error);
    return [];
  }
}

function toUndefinedIfDamaged(error: unknown): undefined {
  if (!(error instanceof FileSystemError)) {
    throw error;
  }
}

async function blocksOfInode(system: ExtFileSystem, inode: Inode): Promise<readonly ByteRange[]> {
  const blocks = hasBlocks(inode) ? await system.blocksOf(inode) : [];
  const attributes = inode.raw.readUInt32LE(0x68) + inode.raw.readUInt16LE(0x76) * 2 ** 32;
  return [...blocks, { at: attributes, count: 1 }].map((run) => bytesOf(run, system.superblock.blockBytes));
}

const kindsWithBlocks: ReadonlySet<number> = new Set([0x4, 0x8, 0xa]);

function hasBlocks({ mode, links, flags, bytes, number }: Inode): boolean {
  return (
    (links > 0 || number < firstOwnInode) &&
    kindsWithBlocks.has(mode >>> 12) &&
    (flags & inodeFlags.inlineData) === 0 &&
    (mode >>> 12 !== 0xa || bytes >= 60)
  );
}

/** Adds the inodes whose blocks these are. */
async function addOwners({ after, signal }: ExtComparison, blocks: Ranges, into: Set<number>): Promise<void> {
  const { inodesPerGroup, inodeBytes } = after.superblock;
  for (let group = 0; group < groupsOf(after.superblock); group++) {
    signal.throwIfAborted();
    const { unusedInodes } = await after.group(group);
    const table = await after.inodeTable(group);
    const end = table + usedInodes(unusedInodes, inodesPerGroup) * inodeBytes;
    for (const piece of piecesOf([{ start: table, end }], pieceBytes)) {
      const raw = await after.disk.read(piece.start, piece.end - piece.start);
      for (let at = 0; at < raw.length; at += inodeBytes) {
        const number = group * inodesPerGroup + (piece.start - table + at) / inodeBytes + 1;
        const inode = parseInode(number, raw.subarray(at, at + inodeBytes));
        if ((number >= firstOwnInode || number === rootInode) && !into.has(number) && hasBlocks(inode)) {
          await pauseIfLong();
          const own = await blocksOfInode(after, inode).catch(toUndefinedIfDamaged);
          if (own?.some(({ start, end: stop }) => isTouched(blocks, start, stop)) ?? true) {
            into.add(number);
          }
        }
      }
    }
  }
}

function piecesOf(ranges: Ranges, bytes: number): Ranges {
  return ranges.flatMap(({ start, end }) =>
    Array.from({ length: Math.ceil((end - start) / bytes) }, (_, index) => ({
      start: start + index * bytes,
      end: Math.min(end, start + (index + 1) * bytes),
    })),
  );
}
