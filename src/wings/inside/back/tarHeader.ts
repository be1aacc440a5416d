// The head of an entry of a tar archive, as GNU tar writes it: any tar of a guest reads it, that of busybox too.
// https://www.gnu.org/software/tar/manual/html_node/Standard.html
import type { NodeKind } from '../read/guestFileSystem.js';

interface TarEntry {
  readonly path: string;
  readonly kind: Exclude<NodeKind, 'other'>;
  readonly bytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedAt: number;
  /** Of a link. */
  readonly to?: string;
}

const tarBlock = 512;
const longestField = 100;
const types = { file: '0', link: '2', folder: '5', longName: 'L', longLink: 'K' } as const;

/** With the long names before it that do not fit into it. */
export function tarHead(entry: TarEntry): Buffer {
  const path = Buffer.from(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  const to = Buffer.from(entry.to ?? '');
  return Buffer.concat([
    ...longField(types.longName, path),
    ...longField(types.longLink, to),
    headBlock(types[entry.kind], path, to, entry),
  ]);
}

/** What stands behind so many bytes up to the next block. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((tarBlock - (bytes % tarBlock)) % tarBlock);
}

/** Two empty blocks. */
export const tarEnd = Buffer.alloc(2 * tarBlock);

function longField(type: string, value: Buffer): readonly Buffer[] {
  if (value.length <= longestField) {
    return [];
  }
  const bytes = value.length + 1;
  const facts = { bytes, mode: 0, uid: 0, gid: 0, modifiedAt: 0 };
  return [
    headBlock(type, Buffer.from('././@LongLink'), Buffer.alloc(0), facts),
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
  // Of the head itself, with spaces in the place of the sum.
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
