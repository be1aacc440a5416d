// A picture of a display made small: of every filter that a PNG can have, and nothing of what is no such picture.
import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';
import { pngOfLines, thumbnailOf } from '../../../src/driver/guest/screenshot.js';

/** The pixels of a PNG whose lines have no filter. */
function pixelsOf(png: Uint8Array): { readonly width: number; readonly height: number; readonly lines: Buffer } {
  const image = Buffer.from(png);
  const size = image.readUInt32BE(33);
  assert.equal(image.toString('latin1', 37, 41), 'IDAT');
  return {
    width: image.readUInt32BE(16),
    height: image.readUInt32BE(20),
    lines: inflateSync(image.subarray(41, 41 + size)),
  };
}

const predict = [
  () => 0,
  (left: number) => left,
  (_: number, above: number) => above,
  (left: number, above: number) => Math.floor((left + above) / 2),
  (left: number, above: number, corner: number) => {
    const guess = left + above - corner;
    return [left, above, corner].toSorted((a, b) => Math.abs(guess - a) - Math.abs(guess - b))[0]!;
  },
];

describe('a picture of a display, made small', () => {
  it('is the same where it is small already, whatever filters its lines have', async () => {
    const [width, height] = [4, 10];
    const at = (x: number, y: number): number => (x < 0 || y < 0 ? 0 : (x * 37 + y * 101 + x * y * 7) % 256);
    const lines = Buffer.from(
      Array.from({ length: height }, (_, y) => [
        y % 5,
        ...Array.from({ length: width * 3 }, (__, x) => {
          const [left, above, corner] = [at(x - 3, y), at(x, y - 1), x < 3 ? 0 : at(x - 3, y - 1)];
          return (at(x, y) - predict[y % 5]!(left, above, corner) + 256) % 256;
        }),
      ]).flat(),
    );
    const small = await thumbnailOf(await pngOfLines(width, height, lines));
    const seen = pixelsOf(small!);
    assert.deepEqual([seen.width, seen.height], [width, height]);
    const wanted = Array.from({ length: height }, (_, y) => [
      0,
      ...Array.from({ length: width * 3 }, (__, x) => at(x, y)),
    ]);
    assert.deepEqual([...seen.lines], wanted.flat());
  });

  it('has the mean colour of the pixels in the place of each, and their shape', async () => {
    const [width, height] = [1280, 801];
    const lines = Buffer.alloc((width * 3 + 1) * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        lines.set(x % 2 === 0 ? [255, 0, 100] : [0, 0, 100], y * (width * 3 + 1) + 1 + x * 3);
      }
    }
    const {
      width: columns,
      height: rows,
      lines: seen,
    } = pixelsOf((await thumbnailOf(await pngOfLines(width, height, lines)))!);
    assert.deepEqual([columns, rows], [320, 201]);
    assert.deepEqual([...seen.subarray(0, 4)], [0, 128, 0, 100]);
    assert.deepEqual([...seen.subarray(-3)], [128, 0, 100]);
  });

  it('is smaller still where it would take too much', async () => {
    const [width, height] = [320, 240];
    let seed = 1;
    const noise = Buffer.from(
      Array.from({ length: (width * 3 + 1) * height }, (_, at) => {
        seed = (seed * 48_271) % 2_147_483_647;
        return at % (width * 3 + 1) === 0 ? 0 : seed % 256;
      }),
    );
    const small = await thumbnailOf(await pngOfLines(width, height, noise));
    assert.ok(small !== undefined && small.length <= 60_000);
    assert.equal(pixelsOf(small).width, 160);
  });

  it('is none of anything else', async () => {
    const good = Buffer.from(await pngOfLines(2, 2, Buffer.alloc(14)));
    assert.notEqual(await thumbnailOf(good), undefined);
    const other = (at: number, value: number): Buffer => Buffer.from(good).fill(value, at, at + 1);
    // Sixteen bits, a palette, interlaced, no pixel, no PNG.
    for (const strange of [
      other(24, 16),
      other(25, 3),
      other(28, 1),
      other(19, 0),
      other(1, 0),
      good.subarray(0, 20),
    ]) {
      assert.equal(await thumbnailOf(strange), undefined);
    }
    // Has fewer lines than it says, or more.
    assert.equal(await thumbnailOf(await pngOfLines(2, 3, Buffer.alloc(14))), undefined);
    const bomb = Buffer.from(await pngOfLines(2, 2, Buffer.alloc(10_000)));
    await assert.rejects(thumbnailOf(bomb));
  });
});
