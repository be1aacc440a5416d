// Writes one moving PNG (APNG, https://wiki.mozilla.org/APNG_Specification) out of several pictures: with a table of
// 255 colours, and of each picture only the pixels that changed.
import { crc32, deflateSync } from 'node:zlib';

/** The first colour of the table is none: what was there before stays. */
const [unchanged, mostColours] = [0, 255];

/** @param {string} type @param {...Uint8Array} data */
function chunk(type, ...data) {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), ...data]);
  return Buffer.concat([numbers(typed.length - 4), typed, numbers(crc32(typed))]);
}

/** @param {...number} values each in four bytes */
function numbers(...values) {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

/** The most frequent colours, and which of them stands for each. @param {readonly Uint32Array[]} pictures */
function colourTable(pictures) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const pixels of pictures) for (const one of pixels) counts.set(one, (counts.get(one) ?? 0) + 1);
  const colours = [...counts].sort(([, one], [, other]) => other - one).map(([colour]) => colour);
  const table = colours.slice(0, mostColours);
  const bytes = (/** @type {number} */ colour) => [colour & 0xff, (colour >> 8) & 0xff, (colour >> 16) & 0xff];
  const nearest = (/** @type {number} */ colour) => {
    const wanted = bytes(colour);
    const far = table.map((one) => bytes(one).reduce((sum, byte, part) => sum + (byte - (wanted[part] ?? 0)) ** 2, 0));
    return far.indexOf(Math.min(...far));
  };
  const indexes = new Map(colours.map((colour, at) => [colour, 1 + (at < table.length ? at : nearest(colour))]));
  return { indexes, bytes: Buffer.from([0, 0, 0, ...table.flatMap(bytes)]) };
}

/**
 * @param {{ width: number, height: number }} size of each
 * @param {readonly { pixels: Uint32Array, ms: number }[]} frames `pixels`: red in the lowest byte, then green and blue;
 *   `ms`: how long it is shown. After the last one the first is shown again
 */
export function animatedPng({ width, height }, frames) {
  const { indexes, bytes } = colourTable(frames.map(({ pixels }) => pixels));
  const header = Buffer.concat([numbers(width, height), Buffer.from([8, 3, 0, 0, 0])]);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const parts = [signature, chunk('IHDR', header), chunk('acTL', numbers(frames.length, 0))];
  parts.push(chunk('PLTE', bytes), chunk('tRNS', Buffer.from([0])));
  /** @type {Uint8Array | undefined} */
  let before;
  let sequence = 0;
  for (const { pixels, ms } of frames) {
    const now = Uint8Array.from(pixels, (colour) => indexes.get(colour) ?? unchanged);
    const rows = Buffer.alloc((width + 1) * height);
    for (let y = 0; y < height; y++) {
      const row = now.subarray(y * width, (y + 1) * width);
      rows.set(
        before === undefined ? row : row.map((one, x) => (one === before?.[y * width + x] ? unchanged : one)),
        y * (width + 1) + 1,
      );
    }
    const data = deflateSync(rows, { level: 9 });
    const times = Buffer.from([ms >> 8, ms & 0xff, 1000 >> 8, 1000 & 0xff, 0, 1]);
    parts.push(chunk('fcTL', numbers(sequence++, width, height, 0, 0), times));
    parts.push(before === undefined ? chunk('IDAT', data) : chunk('fdAT', numbers(sequence++), data));
    before = now;
  }
  return Buffer.concat([...parts, chunk('IEND')]);
}
