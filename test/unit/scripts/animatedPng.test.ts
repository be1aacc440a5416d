// The moving picture of the README: each of its frames is what was recorded, and is shown as long.
import assert from 'node:assert/strict';
import { crc32, inflateSync } from 'node:zlib';
import { animatedPng } from '../../../scripts/screenshots/animatedPng.mjs';

const size = { width: 3, height: 2 };
const [white, red, blue] = [0xffffffff, 0xff0000ff, 0xffff0000];
const frame = (pixels: readonly number[], ms: number) => ({ pixels: Uint32Array.from(pixels), ms });

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

function chunksOf(png: Buffer): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const typed = png.subarray(at + 4, at + 8 + png.readUInt32BE(at));
    assert.equal(crc32(typed), png.readUInt32BE(at + 4 + typed.length));
    chunks.push({ type: typed.toString('latin1', 0, 4), data: typed.subarray(4) });
  }
  return chunks;
}

/** What is seen after each frame, as 0xrrggbb. */
function shownBy(png: Buffer): readonly (readonly number[])[] {
  const chunks = chunksOf(png);
  const table = chunks.find(({ type }) => type === 'PLTE')!.data;
  const drawn = chunks.flatMap(({ type, data }) =>
    type === 'IDAT' ? [inflateSync(data)] : type === 'fdAT' ? [inflateSync(data.subarray(4))] : [],
  );
  const seen: (readonly number[])[] = [];
  for (const raw of drawn) {
    const indexes = [...raw].filter((_, at) => at % (size.width + 1) !== 0);
    seen.push(indexes.map((one, at) => (one === 0 ? seen.at(-1)![at]! : table.readUIntBE(one * 3, 3))));
  }
  return seen;
}

describe('a moving picture', () => {
  const frames = [
    frame([white, white, white, white, red, white], 700),
    frame([white, white, blue, white, white, white], 40),
    frame([white, white, blue, white, white, white], 1200),
  ];
  const png = animatedPng(size, frames);

  it('shows what was recorded', () => {
    const [w, r, b] = [0xffffff, 0xff0000, 0x0000ff];
    assert.deepEqual(shownBy(png), [
      [w, w, w, w, r, w],
      [w, w, b, w, w, w],
      [w, w, b, w, w, w],
    ]);
  });

  it('shows each as long, in order, and begins again', () => {
    const chunks = chunksOf(png);
    assert.deepEqual(
      chunks.map(({ type }) => type),
      ['IHDR', 'acTL', 'PLTE', 'tRNS', 'fcTL', 'IDAT', 'fcTL', 'fdAT', 'fcTL', 'fdAT', 'IEND'],
    );
    const controls = chunks.filter(({ type }) => type === 'fcTL').map(({ data }) => data);
    assert.deepEqual(
      controls.map((data) => [data.readUInt16BE(20), data.readUInt16BE(22)]),
      frames.map(({ ms }) => [ms, 1000]),
    );
    const numbered = chunks.filter(({ type }) => type === 'fcTL' || type === 'fdAT');
    assert.deepEqual(
      numbered.map(({ data }) => data.readUInt32BE(0)),
      [0, 1, 2, 3, 4],
    );
    assert.equal(chunks[1]!.data.readUInt32BE(4), 0, 'it ends');
  });

  it('shows the nearest colour where there are more than the table holds', () => {
    const many = Array.from({ length: 300 }, (_, at) => 0xff000000 + at * 0x10101);
    const wide = animatedPng({ width: 300, height: 1 }, [frame(many, 1)]);
    assert.equal(chunksOf(wide).find(({ type }) => type === 'PLTE')!.data.length, 256 * 3);
  });
});
