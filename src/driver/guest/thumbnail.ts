// A picture of a display made so small that a tooltip can hold it. Reads the one sort of PNG that QEMU writes; bounded.
// Pure.
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { isPng, pngOfLines } from './pixmap.js';

const unpack = promisify<Uint8Array, { readonly maxOutputLength: number }, Buffer>(inflate);
const [widest, mostBytes, mostPixels] = [320, 60_000, 2560 * 1600];
const [bytesPerPixel, headBytes] = [3, 33];

/** Undefined where it is no such picture, or stays too large. */
export async function thumbnailOf(png: Uint8Array): Promise<Uint8Array | undefined> {
  const image = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  if (!isPng(image) || image.length < headBytes) {
    return undefined;
  }
  // The size stands in the first chunk, and with it that each pixel is red, green and blue, line after line.
  const [width, height] = [image.readUInt32BE(16), image.readUInt32BE(20)];
  if (image.readUIntBE(24, 5) !== 0x08_02_00_00_00 || width * height === 0 || width * height > mostPixels) {
    return undefined;
  }
  const packed = Buffer.concat([...chunksOf(image)].flatMap(({ type, data }) => (type === 'IDAT' ? [data] : [])));
  const lines = await unpack(packed, { maxOutputLength: (width * bytesPerPixel + 1) * height });
  if (lines.length !== (width * bytesPerPixel + 1) * height) {
    return undefined;
  }
  unfilter(lines, width * bytesPerPixel + 1);
  for (let step = Math.ceil(width / widest); step < width; step *= 2) {
    const small = await shrunk(lines, width, height, step);
    if (small.length <= mostBytes) {
      return small;
    }
  }
  return undefined;
}

function* chunksOf(image: Buffer): Generator<{ readonly type: string; readonly data: Buffer }> {
  for (let at = 8; at + 12 <= image.length;) {
    const size = image.readUInt32BE(at);
    yield { type: image.toString('latin1', at + 4, at + 8), data: image.subarray(at + 8, at + 8 + size) };
    at += size + 12;
  }
}

/** In place. Each line begins with its filter: what was taken off each byte of those left, above, and left above. */
function unfilter(lines: Buffer, lineBytes: number): void {
  for (let start = 0; start < lines.length; start += lineBytes) {
    const filter = lines[start];
    for (let at = start + 1; at < start + lineBytes; at++) {
      const isFirst = at - start <= bytesPerPixel;
      const left = isFirst ? 0 : (lines[at - bytesPerPixel] ?? 0);
      const above = start === 0 ? 0 : (lines[at - lineBytes] ?? 0);
      const corner = isFirst || start === 0 ? 0 : (lines[at - lineBytes - bytesPerPixel] ?? 0);
      lines[at] = (lines[at] ?? 0) + predictByte(filter, left, above, corner);
    }
  }
}

function predictByte(filter: number | undefined, left: number, above: number, corner: number): number {
  const mean = (left + above) >> 1;
  const [toLeft, toAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + above - 2 * corner);
  const likest = toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
  return [0, left, above, mean, likest][filter ?? 0] ?? 0;
}

/** One pixel for a square of so many, of their mean colour. */
function shrunk(lines: Buffer, width: number, height: number, step: number): Promise<Uint8Array> {
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const small = Buffer.alloc((columns * bytesPerPixel + 1) * rows);
  for (let row = 0, to = 0; row < rows; row++) {
    to++;
    for (let byte = 0; byte < columns * bytesPerPixel; byte++, to++) {
      const [column, part] = [Math.floor(byte / bytesPerPixel), byte % bytesPerPixel];
      let [sum, count] = [0, 0];
      for (let y = row * step; y < Math.min(height, (row + 1) * step); y++) {
        for (let x = column * step; x < Math.min(width, (column + 1) * step); x++, count++) {
          sum += lines[y * (width * bytesPerPixel + 1) + 1 + x * bytesPerPixel + part] ?? 0;
        }
      }
      small[to] = Math.round(sum / count);
    }
  }
  return pngOfLines(columns, rows, small);
}
