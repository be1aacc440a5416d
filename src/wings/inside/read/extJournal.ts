// The journal of ext3 and ext4: which blocks of the file system it has newer than they stand in their places, as after
// a power cut. Nothing is written: the view alone has them. https://docs.kernel.org/filesystems/ext4/journal.html
import { journalCompatible, journalNeeds, requireRead } from './extFeatures.js';
import { FileSystemError } from './guestFileSystem.js';

const magic = 0xc03b3998;
const kinds = { descriptor: 1, commit: 2, superblock1: 3, superblock2: 4, revoke: 5 } as const;
const tagFlags = { escaped: 1, sameUuid: 2, last: 8 } as const;
const headerBytes = 12;
const crc32cType = 4;
/** Where nothing is named: the blocks at its end that fast commits have. */
const usualFastBlocks = 256;
const fastHead = 9;
/** The blocks of 4 GB at 4 KB each: mke2fs creates no larger journal. */
const mostBlocks = 1024 * 1024;

interface JournalBlock {
  /** The position in the journal, from its begin. */
  readonly at: number;
  /** It begins with the mark of the journal's own blocks, which stands there as zeroes. */
  readonly isEscaped: boolean;
}

interface Tag {
  readonly target: number;
  readonly isEscaped: boolean;
  readonly sum: number;
}

interface LoggedBlock extends JournalBlock, Pick<Tag, 'sum'> {
  readonly sequence: number;
}

type ReadBlock = (at: number) => Promise<Buffer>;

interface JournalHead {
  readonly first: number;
  /** Behind the last block of the log. */
  readonly end: number;
  readonly sequence: number;
  /** 0: nothing is in it. */
  readonly start: number;
  readonly has: (feature: keyof typeof journalNeeds) => boolean;
  /** The checksums of the first version, which only commits have. */
  readonly hasOldSums: boolean;
  /** All checksums of the later versions begin with it; undefined: there are none. */
  readonly seed: number | undefined;
}

/**
 * By the block of the file system, the newest of those that were committed. Rejects with `FileSystemError` where the
 * kernel does not mount it.
 *
 * @param block one of the journal, counted from its begin
 */
export async function readJournal(block: ReadBlock, blockBytes: number): Promise<ReadonlyMap<number, JournalBlock>> {
  const head = parseHead(await block(0), blockBytes);
  if (head.start === 0) {
    return new Map();
  }
  const { logged, revoked, next } = await readLog(block, head);
  if (head.has('fast_commit')) {
    for (const at of [head.end, head.end + 1]) {
      const fast = await block(at);
      if (fast.readUInt16LE(0) === fastHead && fast.readUInt32LE(8) === next) {
        throw new FileSystemError('unsupported', 'fast_commit');
      }
    }
  }
  for (const [target, { at, sequence, sum }] of [...logged]) {
    if ((revoked.get(target) ?? -1) >= sequence) {
      logged.delete(target);
    } else if (head.seed !== undefined) {
      const own = crc32c(crc32c(head.seed, wordOf(sequence)), await block(at));
      requireSound(head.has('journal_checksum_v3') ? own === sum : (own & 0xffff) === sum);
    }
  }
  return logged;
}

function requireSound(isSound: boolean): asserts isSound {
  if (!isSound) {
    throw new FileSystemError('damaged', 'the journal');
  }
}

function wordOf(value: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(value >>> 0);
  return word;
}

function parseHead(head: Buffer, blockBytes: number): JournalHead {
  const word = (at: number): number => head.readUInt32BE(at);
  const kind = word(4);
  requireSound(word(0) === magic && (kind === kinds.superblock1 || kind === kinds.superblock2));
  const [length, first, sequence, start] = [word(0x10), word(0x14), word(0x18), word(0x1c)];
  const [compatible, features, readOnly] =
    kind === kinds.superblock2 ? [word(0x24), word(0x28), word(0x2c)] : [0, 0, 0];
  requireRead(features, 'journal');
  if (readOnly !== 0) {
    throw new FileSystemError('unsupported', `journal ro_compat 0x${readOnly.toString(16)}`);
  }
  const has: JournalHead['has'] = (feature) => (features & journalNeeds[feature]) !== 0;
  const end = length - (has('fast_commit') ? word(0x54) || usualFastBlocks : 0);
  requireSound(word(0xc) === blockBytes && length <= mostBlocks && first > 0 && first < end && start < end);
  const hasOldSums = (compatible & journalCompatible.checksum) !== 0;
  const hasSums = has('journal_checksum_v2') || has('journal_checksum_v3');
  if (hasSums) {
    requireSound(!hasOldSums && !(has('journal_checksum_v2') && has('journal_checksum_v3')));
    requireSound(head.readUInt8(0x50) === crc32cType && isSummed(head.subarray(0, 1024), 0xfc, ~0));
  }
  const seed = hasSums ? crc32c(~0, head.subarray(0x30, 0x40)) : undefined;
  return { first, end, sequence, start, has, hasOldSums, seed };
}

/** Whether the word at that place is the checksum of the block with zeroes there. */
function isSummed(block: Buffer, at: number, seed: number): boolean {
  const without = crc32c(crc32c(crc32c(seed, block.subarray(0, at)), Buffer.alloc(4)), block.subarray(at + 4));
  return without === block.readUInt32BE(at);
}

interface Log {
  readonly logged: Map<number, LoggedBlock>;
  readonly revoked: ReadonlyMap<number, number>;
  /** The number of the transaction that would follow. */
  readonly next: number;
}

/** As the kernel finds its end, and where the kernel takes it as damaged. */
async function readLog(
  block: ReadBlock,
  { first, end, sequence, start, has, hasOldSums, seed }: JournalHead,
): Promise<Log> {
  const logged = new Map<number, LoggedBlock>();
  const revoked = new Map<number, number>();
  const after = (at: number): number => (at + 1 >= end ? first : at + 1);
  const isTailSummed = (own: Buffer): boolean => seed === undefined || isSummed(own, own.length - 4, seed);
  let at = start;
  let transaction = sequence;
  let begun: [number, Omit<LoggedBlock, 'sequence'>][] = [];
  // Blocks of a hostile journal name the same ones again and again.
  let begunRevokes = new Set<number>();
  let sum = 0xffff_ffff;
  /** A descriptor or revoke block of the transaction has a wrong checksum. */
  let isSuspect = false;
  /** What follows was not committed, or the journal is damaged. */
  let endedBefore: number | undefined;
  let lastTime = 0n;
  for (let seen = 0; seen < end; seen++) {
    const own = await block(at);
    if (own.readUInt32BE(0) !== magic || own.readUInt32BE(8) !== transaction >>> 0) {
      break;
    }
    at = after(at);
    const type = own.readUInt32BE(4);
    if (type === kinds.descriptor) {
      isSuspect ||= !isTailSummed(own);
      sum = hasOldSums ? crc32HighFirst(sum, own) : sum;
      for (const { target, isEscaped, sum: blockSum } of tagsOf(own, has)) {
        begun.push([target, { at, isEscaped, sum: blockSum }]);
        sum = hasOldSums ? crc32HighFirst(sum, await block(at)) : sum;
        at = after(at);
        seen += 1;
      }
    } else if (type === kinds.revoke) {
      isSuspect ||= !isTailSummed(own);
      revokesOf(own, has, seed !== undefined).forEach((target) => begunRevokes.add(target));
    } else if (type === kinds.commit) {
      const time = own.readBigUInt64BE(0x30);
      const isSound =
        !isSuspect && (seed === undefined ? !hasOldSums || isOldSum(own, sum) : isSummed(own, 0x10, seed));
      if (!isSound && time < lastTime) {
        // The rest of an earlier use of these blocks.
        break;
      }
      requireSound(endedBefore === undefined && (isSound || (!isSuspect && has('journal_async_commit'))));
      if (isSound) {
        begun.forEach(([target, where]) => logged.set(target, { ...where, sequence: transaction }));
        begunRevokes.forEach((target) => revoked.set(target, transaction));
      } else {
        endedBefore = transaction;
      }
      [begun, begunRevokes, sum, lastTime] = [[], new Set(), 0xffff_ffff, time];
      transaction += 1;
    } else {
      break;
    }
  }
  return { logged, revoked, next: endedBefore ?? transaction };
}

/** A commit without a checksum is taken as it is. */
function isOldSum(commit: Buffer, sum: number): boolean {
  const [type, bytes, found] = [commit.readUInt8(0xc), commit.readUInt8(0xd), commit.readUInt32BE(0x10)];
  return (type === 1 && bytes === 4 && found === sum) || (type === 0 && bytes === 0 && found === 0);
}

/** Which blocks of the file system those are that follow the descriptor. */
function tagsOf(own: Buffer, has: JournalHead['has']): readonly Tag[] {
  const [isThird, isSecond, isWide] = [has('journal_checksum_v3'), has('journal_checksum_v2'), has('journal_64bit')];
  const bytes = isThird ? 16 : 12 + (isSecond ? 2 : 0) - (isWide ? 0 : 4);
  const end = own.length - (isThird || isSecond ? 4 : 0);
  const tags: Tag[] = [];
  for (let at = headerBytes; at + bytes <= end;) {
    const flags = isThird ? own.readUInt32BE(at + 4) : own.readUInt16BE(at + 6);
    const high = isWide ? own.readUInt32BE(at + 8) : 0;
    const sum = isThird ? own.readUInt32BE(at + 12) : own.readUInt16BE(at + 4);
    tags.push({ target: own.readUInt32BE(at) + high * 2 ** 32, isEscaped: (flags & tagFlags.escaped) !== 0, sum });
    at += bytes + ((flags & tagFlags.sameUuid) === 0 ? 16 : 0);
    if ((flags & tagFlags.last) !== 0) {
      break;
    }
  }
  return tags;
}

function revokesOf(own: Buffer, has: JournalHead['has'], isSummed: boolean): readonly number[] {
  const isWide = has('journal_64bit');
  const [from, bytes] = [headerBytes + 4, isWide ? 8 : 4];
  const end = Math.min(own.length - (isSummed ? 4 : 0), own.readUInt32BE(headerBytes));
  return Array.from({ length: Math.max(0, Math.floor((end - from) / bytes)) }, (_, index) => {
    const at = from + index * bytes;
    return isWide ? Number(own.readBigUInt64BE(at)) : own.readUInt32BE(at);
  });
}

// The checksums of the journal of ext3 and ext4.

/** CRC-32C as ext4 has it: of the bytes behind those that `before` is of, and not inverted at the end. */
export function crc32c(before: number, bytes: Uint8Array): number {
  let crc = before;
  for (const byte of bytes) {
    crc = (crc >>> 8) ^ (castagnoli[(crc ^ byte) & 0xff] ?? 0);
  }
  return crc >>> 0;
}

/** CRC-32 with the highest bit first, as the first version of the journal's checksums has it. */
function crc32HighFirst(before: number, bytes: Uint8Array): number {
  let crc = before;
  for (const byte of bytes) {
    crc = (crc << 8) ^ (highFirst[((crc >>> 24) ^ byte) & 0xff] ?? 0);
  }
  return crc >>> 0;
}

function tableOf(start: (byte: number) => number, step: (value: number) => number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let value = start(byte);
    for (let bit = 0; bit < 8; bit++) {
      value = step(value);
    }
    return value;
  });
}

const castagnoli = tableOf(
  (byte) => byte,
  (value) => (value >>> 1) ^ ((value & 1) === 0 ? 0 : 0x82f63b78),
);
const highFirst = tableOf(
  (byte) => byte << 24,
  (value) => (value << 1) ^ (value < 0 ? 0x04c11db7 : 0),
);
