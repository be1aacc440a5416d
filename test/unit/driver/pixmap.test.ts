// Pixels of an older QEMU as a PNG: read back here by what the format's own document says.
import assert from 'node:assert/strict';
import { crc32, inflateSync } from 'node:zlib';
import { isPng, pngOfPixmap } from '../../../src/driver/guest/screenshot.js';

const pixels = [
  [1, 2, 3, 4, 5, 6],
  [7, 8, 9, 10, 11, 12],
  [13, 14, 15, 0, 255, 10],
];

function pixmap(header: string, body: readonly number[] = pixels.flat()): Buffer {
  return Buffer.concat([Buffer.from(header, 'latin1'), Buffer.from(body)]);
}

/** Its chunks by their types, each with a sum that is right. */
function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length;) {
    const end = at + 8 + png.readUInt32BE(at);
    assert.equal(png.readUInt32BE(end), crc32(png.subarray(at + 4, end)));
    chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, end));
    at = end + 4;
  }
  return chunks;
}

describe('plain pixels', () => {
  for (const header of ['P6\n2 3\n255\n', 'P6\n# made by somebody\n2 3\n255\n', 'P6 2\t3 255 ']) {
    it(`become a PNG of the same pixels: ${JSON.stringify(header)}`, async () => {
      const png = await pngOfPixmap(pixmap(header));
      assert.ok(png !== undefined && isPng(png));
      const chunks = chunksOf(Buffer.from(png));
      assert.deepEqual([...chunks.keys()], ['IHDR', 'IDAT', 'IEND']);
      assert.equal(chunks.get('IHDR')!.toString('hex'), '00000002000000030802000000');
      assert.deepEqual([...inflateSync(chunks.get('IDAT')!)], pixels.map((row) => [0, ...row]).flat());
    });
  }

  it('are none where something is missing or strange', async () => {
    for (const image of [
      pixmap(''),
      pixmap('P5\n2 3\n255\n'),
      pixmap('P6\n2 3\n65535\n'),
      pixmap('P6\n0 3\n255\n'),
      pixmap('P6\n2 99999\n255\n'),
      pixmap('P6\n2 3\n255\n', pixels.flat().slice(1)),
    ]) {
      assert.equal(await pngOfPixmap(image), undefined);
    }
    assert.equal(isPng(pixmap('P6\n2 3\n255\n')), false);
    assert.equal(isPng(new Uint8Array(0)), false);
  });
});
