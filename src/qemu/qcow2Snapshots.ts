// The table of internal snapshots of a qcow2 image. Does not look at what they hold.
import { BadImage, type ImageBytes } from './imageBytes.js';
import { mostL1Bytes, type Qcow2Header, readQcow2Header, size, type Table, tableWithin } from './qcow2Header.js';

export interface Qcow2Snapshot {
  readonly id: string;
  readonly name: string;
  readonly vmStateBytes: number;
  /** Milliseconds since 1970, with fractions. */
  readonly takenAt: number;
  /** The disk's size then; absent in tables that old QEMUs wrote. */
  readonly diskBytes?: number;
  readonly l1: Table;
  /** The length of its entry in the table of snapshots. */
  readonly entryBytes: number;
}

/** The fixed part of an entry; what it says about the rest stands in it. */
const entryHeadBytes = 40;
const mostExtraBytes = 1024;
const mostTableBytes = 64 * 1024 * 1024;
/** Entries are read in pieces: most have some hundred bytes. */
const pieceBytes = 64 * 1024;

/**
 * QEMU writes a new table to another place, and then the header: what is read while it does so belongs to neither, and
 * a reader has to begin again.
 * @throws BadImage
 */
export async function readQcow2Snapshots(image: ImageBytes, header: Qcow2Header): Promise<readonly Qcow2Snapshot[]> {
  if (header.snapshots.entries === 0) {
    return [];
  }
  const snapshots = await readTable(image, header.snapshots);
  const after = await readQcow2Header(image);
  if (
    after === 'notQcow2' ||
    after.snapshots.at !== header.snapshots.at ||
    after.snapshots.entries !== header.snapshots.entries
  ) {
    throw new BadImage('the table of snapshots has moved');
  }
  return snapshots;
}

async function readTable(image: ImageBytes, table: Table): Promise<readonly Qcow2Snapshot[]> {
  const end = Math.min(image.size, table.at + mostTableBytes);
  const bytes = pieceReader(image, end);
  const snapshots: Qcow2Snapshot[] = [];
  let at = table.at;
  for (let index = 0; index < table.entries; index++) {
    const head = await bytes(at, entryHeadBytes);
    const idBytes = head.readUInt16BE(12);
    const nameBytes = head.readUInt16BE(14);
    const extraBytes = head.readUInt32BE(36);
    if (extraBytes > mostExtraBytes) {
      throw new BadImage(`snapshot ${index} has ${extraBytes} bytes of its own`);
    }
    const rest = await bytes(at + entryHeadBytes, extraBytes + idBytes + nameBytes);
    const entryBytes = Math.ceil((entryHeadBytes + rest.length) / 8) * 8;
    snapshots.push({
      id: rest.toString('utf8', extraBytes, extraBytes + idBytes),
      name: rest.toString('utf8', extraBytes + idBytes, extraBytes + idBytes + nameBytes),
      takenAt: head.readUInt32BE(16) * 1_000 + head.readUInt32BE(20) / 1_000_000,
      vmStateBytes: extraBytes >= 8 ? size(rest, 0, 'the size of the memory') : head.readUInt32BE(32),
      ...(extraBytes >= 16 ? { diskBytes: size(rest, 8, 'the size of the disk') } : {}),
      l1: tableWithin(image, size(head, 0, 'the place of an L1 table'), head.readUInt32BE(8), mostL1Bytes / 8, 8),
      entryBytes,
    });
    at += entryBytes;
  }
  return snapshots;
}

/** Reads ahead, so that a table of small entries does not take a read for each. */
function pieceReader(image: ImageBytes, end: number): (at: number, length: number) => Promise<Buffer> {
  let piece: Buffer = Buffer.alloc(0);
  let pieceAt = 0;
  return async (at, length) => {
    if (at + length > end) {
      throw new BadImage(`the table of snapshots goes beyond ${end}`);
    }
    if (at < pieceAt || at + length > pieceAt + piece.length) {
      piece = await image.read(at, Math.min(Math.max(length, pieceBytes), end - at));
      pieceAt = at;
    }
    return piece.subarray(at - pieceAt, at - pieceAt + length);
  };
}
