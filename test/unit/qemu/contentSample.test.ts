// Which blocks of an image tell it from another one, and how many are read for it.
import assert from 'node:assert/strict';
import { contentSample, mostSampleBytes } from '../../../src/qemu/contentSample.js';
import { boundedBytes } from '../../../src/qemu/imageBytes.js';

const mebibyte = 2 ** 20;

/** A disk of zeros but for one byte. */
function sampleOf(size: number, at?: number, from = 0): Promise<string> {
  const image = boundedBytes(size, mostSampleBytes, (into, start) => {
    into.fill(0);
    if (at !== undefined && at >= start && at < start + into.length) {
      into[at - start] = 1;
    }
    return Promise.resolve(into.length);
  });
  return contentSample(image, from);
}

describe('a sample of what is in an image', () => {
  const size = 8 * 1024 * mebibyte + 512 + 7;
  const rows: readonly (readonly [what: string, at: number, differs: boolean, from?: number])[] = [
    ['the first sector', 0, true],
    ['the superblock of ext4 in the first partition', mebibyte + 1024, true],
    ['that of btrfs', mebibyte + 65_536 + 64, true],
    ['the last byte', size - 1, true],
    ['a byte between', 5 * mebibyte, false],
    ['the header, which does not count', 100, false, 65_536],
    ['the first byte behind it', 65_536, true, 65_536],
  ];
  for (const [what, at, differs, from] of rows) {
    it(`${what} → ${differs ? 'differs' : 'does not show'}`, async () => {
      assert.equal((await sampleOf(size, at, from)) !== (await sampleOf(size, undefined, from)), differs);
    });
  }

  it('is of all that a small file holds, and of nothing', async () => {
    for (const at of [0, 4096, 9_999]) {
      assert.notEqual(await sampleOf(10_000, at), await sampleOf(10_000));
    }
    assert.equal(await sampleOf(0), await sampleOf(0));
    assert.equal(await sampleOf(100, undefined, 65_536), await sampleOf(0));
  });
});
