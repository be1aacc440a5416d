// The journal of ext3 and ext4: which blocks of the file system it has newer than they stand in their places, as after
// a power cut. Nothing is written: the view alone has them. https://docs.kernel.org/filesystems/ext4/journal.html
import { FileSystemError } from './guestFileSystem.js';

const magic = 0xc03b3998;
const kinds = { descriptor: 1, commit: 2, superblock1: 3, superblock2: 4, revoke: 5 } as const;
const needs = { revoke: 0x1, wide: 0x2, asyncCommit: 0x4, checksum2: 0x8, checksum3: 0x10, fastCommit: 0x20 } as const;
const understood = Object.values(needs).reduce((all, flag) => all | flag, 0);
const tagFlags = { escaped: 1, sameUuid: 2, last: 8 } as const;
const headerBytes = 12;
/** Of 4 GB in blocks of 4 KB: mke2fs makes none that is larger. */
const mostBlocks = 1024 * 1024;

export interface JournalBlock {
  /** Of the journal, counted from its begin. */
  readonly at: number;
  /** It begins with the mark of the journal's own blocks, which stands there as zeroes. */
  readonly isEscaped: boolean;
}

/**
 * By the block of the file system, the newest of those that were committed.
 *
 * @param block one of the journal, counted from its begin
 */
export async function readJournal(
  block: (at: number) => Promise<Buffer>,
  blockBytes: number,
): Promise<ReadonlyMap<number, JournalBlock>> {
  const head = await block(0);
  const kind = head.readUInt32BE(4);
  if (head.readUInt32BE(0) !== magic || (kind !== kinds.superblock1 && kind !== kinds.superblock2)) {
    throw new FileSystemError('damaged', 'the journal');
  }
  const [length, first, sequence, start] = [0x10, 0x14, 0x18, 0x1c].map((at) => head.readUInt32BE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const features = kind === kinds.superblock2 ? head.readUInt32BE(0x28) : 0;
  const foreign = features & ~understood;
  if (foreign !== 0) {
    throw new FileSystemError('unsupported', `jbd2, incompat 0x${(foreign >>> 0).toString(16)}`);
  }
  if (
    head.readUInt32BE(0xc) !== blockBytes ||
    length > mostBlocks ||
    first === 0 ||
    first >= length ||
    start >= length
  ) {
    throw new FileSystemError('damaged', 'the journal');
  }
  const found = new Map<number, JournalBlock & { readonly sequence: number }>();
  if (start === 0) {
    return found;
  }
  const revoked = new Map<number, number>();
  const after = (at: number): number => (at + 1 >= length ? first : at + 1);
  let at = start;
  let transaction = sequence;
  let begun: [number, JournalBlock][] = [];
  let begunRevokes: number[] = [];
  for (let seen = 0; seen < length; seen++) {
    const own = await block(at);
    if (own.readUInt32BE(0) !== magic || own.readUInt32BE(8) !== transaction >>> 0) {
      break;
    }
    at = after(at);
    const type = own.readUInt32BE(4);
    if (type === kinds.descriptor) {
      for (const { target, isEscaped } of tagsOf(own, features)) {
        begun.push([target, { at, isEscaped }]);
        at = after(at);
        seen += 1;
      }
    } else if (type === kinds.revoke) {
      begunRevokes.push(...revokesOf(own, features));
    } else if (type === kinds.commit) {
      begun.forEach(([target, where]) => found.set(target, { ...where, sequence: transaction }));
      begunRevokes.forEach((target) => revoked.set(target, transaction));
      [begun, begunRevokes] = [[], []];
      transaction += 1;
    } else {
      break;
    }
  }
  for (const [target, { sequence: written }] of [...found]) {
    if ((revoked.get(target) ?? -1) >= written) {
      found.delete(target);
    }
  }
  return found;
}

/** Which blocks of the file system those are that follow the descriptor. */
function tagsOf(own: Buffer, features: number): readonly { target: number; isEscaped: boolean }[] {
  const isThird = (features & needs.checksum3) !== 0;
  const isWide = (features & needs.wide) !== 0;
  const hasSum = isThird || (features & needs.checksum2) !== 0;
  const bytes = isThird ? 16 : 12 + ((features & needs.checksum2) === 0 ? 0 : 2) - (isWide ? 0 : 4);
  const end = own.length - (hasSum ? 4 : 0);
  const tags: { target: number; isEscaped: boolean }[] = [];
  for (let at = headerBytes; at + bytes <= end;) {
    const flags = isThird ? own.readUInt32BE(at + 4) : own.readUInt16BE(at + 6);
    const high = isWide ? own.readUInt32BE(at + 8) : 0;
    tags.push({ target: own.readUInt32BE(at) + high * 2 ** 32, isEscaped: (flags & tagFlags.escaped) !== 0 });
    at += bytes + ((flags & tagFlags.sameUuid) === 0 ? 16 : 0);
    if ((flags & tagFlags.last) !== 0) {
      break;
    }
  }
  return tags;
}

function revokesOf(own: Buffer, features: number): readonly number[] {
  const isWide = (features & needs.wide) !== 0;
  const [from, bytes] = [headerBytes + 4, isWide ? 8 : 4];
  const end = Math.min(own.length, own.readUInt32BE(headerBytes));
  return Array.from({ length: Math.max(0, Math.floor((end - from) / bytes)) }, (_, index) => {
    const at = from + index * bytes;
    return isWide ? Number(own.readBigUInt64BE(at)) : own.readUInt32BE(at);
  });
}
