// Plain pixels, as QEMU before 7.1 gives them (PPM, "P6"), made a PNG. Both are bounded by what came in. Pure.
import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const headerForm = /^P6\s(?:#[^\n]*\n)*\s*(\d{1,5})\s+(\d{1,5})\s+255\s/u;
const longestHeader = 256;
const bytesPerPixel = 3;
const pack = promisify<Uint8Array, Buffer>(deflate);

export function isPng(image: Uint8Array): boolean {
  return signature.every((byte, at) => image[at] === byte);
}

/** Undefined where it is no such picture, or not all of it is there. */
export async function pngOfPixmap(image: Uint8Array): Promise<Uint8Array | undefined> {
  const start = Buffer.from(image.subarray(0, longestHeader)).toString('latin1');
  const [header, width, height] = headerForm.exec(start) ?? [];
  if (header === undefined) {
    return undefined;
  }
  const [columns, rows] = [Number(width), Number(height)];
  const rowBytes = columns * bytesPerPixel;
  if (rowBytes * rows === 0 || image.length - header.length < rowBytes * rows) {
    return undefined;
  }
  const lines = Buffer.alloc((rowBytes + 1) * rows);
  for (let row = 0; row < rows; row++) {
    // Each line begins with the filter that it has: none.
    const from = header.length + row * rowBytes;
    lines.set(image.subarray(from, from + rowBytes), row * (rowBytes + 1) + 1);
  }
  return pngOfLines(columns, rows, lines);
}

/** @param lines each with a byte for its filter before it, three for each pixel */
export async function pngOfLines(columns: number, rows: number, lines: Uint8Array): Promise<Uint8Array> {
  const about = Buffer.alloc(13);
  about.writeUInt32BE(columns, 0);
  about.writeUInt32BE(rows, 4);
  // Eight bits of red, green and blue each, packed and laid out in the only ways that there are.
  about.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', about),
    chunk('IDAT', await pack(lines)),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
