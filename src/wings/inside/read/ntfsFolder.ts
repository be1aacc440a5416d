// What a folder of NTFS has: its index stands in the record, and in blocks that a bitmap names.
import { pauseIfLong } from '../bytes/pause.js';
import { FileSystemError, type FolderEntry, mostEntries, nameOf } from './guestFileSystem.js';
import { attributeTypes, damagedRecord, type FileRecord, withoutFixups } from './ntfsLayout.js';
import { type NtfsTable } from './ntfsTable.js';

const indexName = '$I30';
/** A folder of half a million names. */
const longestIndex = 64 * 1024 * 1024;
/** Below are the files of the file system itself, such as `$MFT`. */
const firstOfGuest = 16;
const dosName = 2;
const nameFlags = { reparse: 0x400, folder: 0x10000000 } as const;
const entryFlags = { last: 2 } as const;
/** Where the entries begin in an index with blocks. */
const rootHeaderAt = 16;
const blockHeaderAt = 24;

/** A record and its sequence, which tells it from the one that was there before. */
export function nodeOf(record: number, sequence: number): number {
  return sequence * 2 ** 32 + record;
}

/**
 * All blocks are read one behind the other, in place of the tree that they are: so none can lead back to another, and
 * none is read twice.
 */
export async function listFolder(table: NtfsTable, record: FileRecord): Promise<readonly FolderEntry[]> {
  const { number } = record;
  const root = table.stream(record, attributeTypes.indexRoot, indexName);
  const head = root && (await root.read(0, root.bytes));
  if (head === undefined || head.length < 32) {
    throw damagedRecord(number);
  }
  const entries: FolderEntry[] = [];
  addEntries(head, rootHeaderAt, number, entries);
  const blocks = table.stream(record, attributeTypes.indexAllocation, indexName);
  const used = table.stream(record, attributeTypes.bitmap, indexName);
  if (blocks === undefined || used === undefined) {
    return entries;
  }
  const blockBytes = head.readUInt32LE(8);
  if (blockBytes < 512 || blockBytes > 65_536 || (blockBytes & (blockBytes - 1)) !== 0) {
    throw damagedRecord(number);
  }
  if (blocks.bytes > longestIndex) {
    throw new FileSystemError('tooLarge', `record ${number}`);
  }
  const bits = await used.read(0, Math.ceil(blocks.bytes / blockBytes / 8));
  for (let block = 0; (block + 1) * blockBytes <= blocks.bytes; block++) {
    if ((((bits[block >>> 3] ?? 0) >>> (block & 7)) & 1) !== 0) {
      const raw = await blocks.read(block * blockBytes, blockBytes);
      addEntries(withoutFixups(raw, 'INDX', `record ${number}`), blockHeaderAt, number, entries);
      await pauseIfLong();
    }
  }
  return entries;
}

/** Adds the entries of one block; none may leave it. */
function addEntries(raw: Buffer, header: number, record: number, into: FolderEntry[]): void {
  const end = Math.min(raw.length, header + raw.readUInt32LE(header + 4));
  for (let at = header + raw.readUInt32LE(header); at + 16 <= end;) {
    const length = raw.readUInt16LE(at + 8);
    if ((raw.readUInt16LE(at + 12) & entryFlags.last) !== 0) {
      return;
    }
    if (length < 16 + 66 || at + length > end || 16 + 66 + raw.readUInt8(at + 16 + 64) * 2 > length) {
      throw damagedRecord(record);
    }
    const entry = entryOf(raw.subarray(at, at + length));
    if (entry !== undefined) {
      if (into.length >= mostEntries) {
        throw new FileSystemError('tooLarge', `record ${record}`);
      }
      into.push(entry);
    }
    at += length;
  }
}

/** Undefined for a second name of MS-DOS, and for what belongs to the file system. */
function entryOf(raw: Buffer): FolderEntry | undefined {
  const [record, sequence] = [raw.readUIntLE(0, 6), raw.readUInt16LE(6)];
  const key = raw.subarray(16);
  if (record < firstOfGuest || record >= 2 ** 32 || key.readUInt8(65) === dosName) {
    return undefined;
  }
  const flags = key.readUInt32LE(56);
  const name = nameOf(Buffer.from(key.toString('utf16le', 66, 66 + key.readUInt8(64) * 2), 'utf8'));
  const node = nodeOf(record, sequence);
  return (flags & nameFlags.reparse) !== 0
    ? { name, node }
    : { name, node, kind: (flags & nameFlags.folder) !== 0 ? 'folder' : 'file' };
}
