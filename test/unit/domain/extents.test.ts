// Ranges against a count byte by byte.
import assert from 'node:assert/strict';
import { bytesOf, type ByteRange, uniteRanges, subtractRanges } from '../../../src/domain/extents.js';

const size = 200;

function randomly(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Sorted, without overlap. */
function ranges(random: () => number): readonly ByteRange[] {
  const made: ByteRange[] = [];
  for (let at = Math.floor(random() * 20); at < size - 20;) {
    const length = 1 + Math.floor(random() * 15);
    made.push({ start: at, length });
    at += length + Math.floor(random() * 12);
  }
  return made;
}

function bytes(of: readonly ByteRange[]): string {
  const all = new Uint8Array(size);
  of.forEach(({ start, length }) => all.fill(1, start, start + length));
  return all.join('');
}

describe('ranges of a disk', () => {
  it('are taken from each other, and put together, byte by byte', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomly(seed);
      const [one, other] = [ranges(random), ranges(random)];
      const [first, second] = [bytes(one), bytes(other)];
      const left = Array.from(first, (bit, at) => (bit === '1' && second[at] === '0' ? '1' : '0')).join('');
      const both = Array.from(first, (bit, at) => (bit === '1' || second[at] === '1' ? '1' : '0')).join('');
      assert.equal(bytes(subtractRanges(one, other)), left, `seed ${seed}`);
      assert.equal(bytes(uniteRanges([...other, ...one])), both, `seed ${seed}`);
      assert.equal(bytesOf(subtractRanges(one, other)), left.replaceAll('0', '').length, `seed ${seed}`);
    }
  });

  it('end where there are none', () => {
    assert.deepEqual(subtractRanges([{ start: 5, length: 5 }], []), [{ start: 5, length: 5 }]);
    assert.deepEqual(subtractRanges([], [{ start: 5, length: 5 }]), []);
    assert.deepEqual(uniteRanges([]), []);
  });
});
