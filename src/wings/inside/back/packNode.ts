// One file, link or folder of a restore point as a tar archive on this computer: what of it can go into a guest, and
// what the guest must have when it has arrived.
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../../../base/writeAll.js';
import { insideFailure } from '../insideFailure.js';
import type { GuestFileSystem, NodeKind } from '../read/guestFileSystem.js';
import { walkFolder } from '../read/walkFolder.js';

/** The agent takes 48 KB at once: more would take many minutes. */
const mostBytes = 256 * 1024 * 1024;
const mostEntries = 50_000;
const pieceBytes = 4 * 1024 * 1024;

/** What the archive calls it. */
export const packedName = 'copy';

interface SurveyedEntry {
  /** In the archive. */
  readonly path: string;
  readonly node: number;
  readonly kind: Exclude<NodeKind, 'other'>;
}

export interface Survey {
  readonly kind: SurveyedEntry['kind'];
  /** By their paths as bytes, as `LC_ALL=C sort` has them. */
  readonly entries: readonly SurveyedEntry[];
  readonly files: number;
  readonly bytes: number;
  /** Devices, sockets, pipes, and what has a name that is no text. */
  readonly leftOut: number;
}

export interface Archive {
  readonly archiveBytes: number;
  /** Where the content of a single file is in it. */
  readonly contentAt: number;
  /** SHA-256 of the content of all files, one behind the other. */
  readonly sum: string;
  /** The file system knows whose its files are. */
  readonly hasOwners: boolean;
}

/** @throws Failure where it is none of these, or too large */
export async function surveyNode(system: GuestFileSystem, node: number, signal: AbortSignal): Promise<Survey> {
  const { kind, bytes: ownBytes } = await system.facts(node);
  if (kind === 'other') {
    throw insideFailure('otherKind');
  }
  const entries: SurveyedEntry[] = [{ path: packedName, node, kind }];
  const counts = { files: 0, bytes: 0, leftOut: 0 };
  const count = (bytes: number): void => {
    counts.files += 1;
    counts.bytes += bytes;
    if (counts.bytes > mostBytes) {
      throw insideFailure('tooMuch', { most: mostBytes });
    }
  };
  if (kind === 'file') {
    count(ownBytes);
  } else if (kind === 'folder') {
    const taken = new Set<string>();
    const notTaken = new Set<string>();
    await walkFolder(system, node, signal, async ({ path, name, node: own, kind: ownKind }) => {
      const isBelow = notTaken.has(path.slice(0, -name.length - 1));
      // A damaged folder may have a name twice.
      if (ownKind === 'other' || isBelow || taken.has(path) || !isWholeName(name)) {
        counts.leftOut += 1;
        notTaken.add(path);
        return;
      }
      taken.add(path);
      entries.push({ path: `${packedName}/${path}`, node: own, kind: ownKind });
      if (entries.length > mostEntries) {
        throw insideFailure('tooMuch', { most: mostBytes });
      }
      if (ownKind === 'file') {
        count((await system.facts(own)).bytes);
      }
    });
  }
  const sorted = entries
    .map((entry) => ({ entry, key: Buffer.from(entry.path) }))
    .sort((one, other) => Buffer.compare(one.key, other.key))
    .map(({ entry }) => entry);
  return { kind, entries: sorted, ...counts };
}

/** A name that `nameOf` had to write in another way names another file in the guest. */
function isWholeName(name: string): boolean {
  return ![...name.matchAll(/\\x([\da-f]{2})/gu)].some(([, digits = '']) => {
    const byte = parseInt(digits, 16);
    return byte <= 0x20 || byte >= 0x7f || byte === 0x2f || name === '\\x2e' || name === '\\x2e\\x2e';
  });
}

/** Into an empty file. */
export async function packNode(
  system: GuestFileSystem,
  { kind, entries }: Survey,
  to: FileHandle,
  signal: AbortSignal,
): Promise<Archive> {
  const sum = createHash('sha256');
  let at = 0;
  let contentAt = 0;
  let hasOwners = true;
  const write = async (bytes: Buffer): Promise<void> => {
    await writeAll(to, bytes, at);
    at += bytes.length;
  };
  for (const { path, node, kind: own } of entries) {
    signal.throwIfAborted();
    const { bytes, modifiedAt, mode = own === 'folder' ? 0o755 : 0o644, uid, gid } = await system.facts(node);
    hasOwners &&= uid !== undefined;
    const head = { path, kind: own, bytes, mode, uid: uid ?? 0, gid: gid ?? 0, modifiedAt };
    await write(tarHead(own === 'link' ? { ...head, to: await system.readLink(node) } : head));
    if (own !== 'file') {
      continue;
    }
    contentAt = kind === 'file' ? at : 0;
    for (let done = 0; done < bytes;) {
      signal.throwIfAborted();
      const piece = await system.read(node, done, Math.min(pieceBytes, bytes - done));
      if (piece.length === 0) {
        throw insideFailure('targetChanged', { path });
      }
      sum.update(piece);
      await write(piece);
      done += piece.length;
    }
    await write(tarPadding(bytes));
  }
  await write(tarEnd);
  return { archiveBytes: at, contentAt, sum: sum.digest('hex'), hasOwners };
}

// The head of an entry of a tar archive, as GNU tar writes it: any tar of a guest reads it, that of busybox too.
// https://www.gnu.org/software/tar/manual/html_node/Standard.html

interface TarEntry {
  readonly path: string;
  readonly kind: Exclude<NodeKind, 'other'>;
  readonly bytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedAt: number;
  /** The target of a link. */
  readonly to?: string;
}

const tarBlock = 512;
const longestField = 100;
const types = { file: '0', link: '2', folder: '5', longName: 'L', longLink: 'K' } as const;

/** With the long names before it that do not fit into it. */
function tarHead(entry: TarEntry): Buffer {
  const path = Buffer.from(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  const to = Buffer.from(entry.to ?? '');
  return Buffer.concat([
    ...longField(types.longName, path),
    ...longField(types.longLink, to),
    headBlock(types[entry.kind], path, to, entry),
  ]);
}

/** What stands behind so many bytes up to the next block. */
function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((tarBlock - (bytes % tarBlock)) % tarBlock);
}

/** Two empty blocks. */
const tarEnd = Buffer.alloc(2 * tarBlock);

function longField(type: string, value: Buffer): readonly Buffer[] {
  if (value.length <= longestField) {
    return [];
  }
  const bytes = value.length + 1;
  const facts = { bytes, mode: 0, uid: 0, gid: 0, modifiedAt: 0 };
  return [
    headBlock(type, Buffer.from('./@LongLink'), Buffer.alloc(0), facts),
    value,
    Buffer.alloc(1),
    tarPadding(bytes),
  ];
}

function headBlock(
  type: string,
  path: Buffer,
  to: Buffer,
  { bytes, mode, uid, gid, modifiedAt }: Omit<TarEntry, 'path' | 'kind' | 'to'>,
): Buffer {
  const head = Buffer.alloc(tarBlock);
  path.copy(head, 0, 0, longestField);
  writeNumber(head, 100, 8, mode & 0o7777);
  writeNumber(head, 108, 8, uid);
  writeNumber(head, 116, 8, gid);
  writeNumber(head, 124, 12, type === types.link || type === types.folder ? 0 : bytes);
  writeNumber(head, 136, 12, Math.max(0, Math.floor(modifiedAt / 1000)));
  head.write(type, 156, 'latin1');
  to.copy(head, 157, 0, longestField);
  head.write('ustar  ', 257, 'latin1');
  // Sums the header itself, with spaces in the place of the sum.
  head.fill(' ', 148, 156);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return head;
}

/** Octal; what has too many digits is written as bytes, behind one with its highest bit set. */
function writeNumber(head: Buffer, at: number, length: number, value: number): void {
  const digits = value.toString(8);
  if (digits.length < length) {
    head.write(digits.padStart(length - 1, '0'), at, 'latin1');
    return;
  }
  head.writeUIntBE(value, at + length - 6, 6);
  head.writeUInt8(0x80, at);
}
