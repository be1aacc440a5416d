// What the display of a VM shows, by libvirt's stream of it: a PNG of QEMU's own, or older ones' plain pixels made one.
import { promisify } from 'node:util';
import { crc32, deflate, inflate } from 'node:zlib';
import { Failure } from '../../domain/failure.js';
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes as code, LibvirtError } from '../../libvirt/libvirtError.js';
import { toFailure } from '../toFailure.js';

/** Five times the plain pixels of a display of 3,840 × 2,160. */
const mostImageBytes = 128 * 1024 * 1024;

/** Rejects with a Failure: `unsupported` where the VM has no display. */
export async function readScreenshot(connection: Connection, uuid: string): Promise<Uint8Array> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  // The kind that libvirt names is not looked at: the bytes tell it themselves.
  const { stream } = await requireDisplay(connection.openStream('domainScreenshot', { dom, screen: 0, flags: 0 }));
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > mostImageBytes) {
      throw new Failure('failed', { libvirtMessage: `a picture of more than ${mostImageBytes} bytes` });
    }
    pieces.push(piece);
  }
  const image = Buffer.concat(pieces, size);
  if (isPng(image)) {
    return image;
  }
  const png = await pngOfPixmap(image);
  if (png === undefined) {
    throw new Failure('failed', { libvirtMessage: 'the picture of the display cannot be read' });
  }
  return png;
}

async function requireDisplay<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    // To QEMU's driver a VM without a display is in the wrong state, as one that is off.
    if (error instanceof LibvirtError && error.code === code.VIR_ERR_OPERATION_INVALID) {
      throw new Failure('unsupported', toFailure(error).details, { cause: error });
    }
    throw error;
  }
}

/** Plain pixels, as QEMU before 7.1 gives them (PPM, "P6"), made a PNG. Both are bounded by what came in. Pure. */
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

/**
 * A picture of a display made so small that a tooltip can hold it. Reads the one sort of PNG that QEMU writes; bounded.
 * Pure.
 */
const unpack = promisify<Uint8Array, { readonly maxOutputLength: number }, Buffer>(inflate);
const [widest, mostBytes, mostPixels] = [320, 60_000, 2560 * 1600];
const headBytes = 33;

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
