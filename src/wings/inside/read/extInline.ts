// Content of files and folders of ext4 that stands in the inode itself.
import { damageOf } from './extBlocks.js';
import type { Inode } from './extLayout.js';

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
