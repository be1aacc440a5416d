import assert from 'node:assert/strict';
import type { RamWritten } from '../../../src/domain/description.js';
import { snapshotFacts } from '../../../src/text/rows/facts.js';
import { sizeIn, togetherWords } from '../../../src/text/rows/sizeText.js';
import { now, snapshot } from '../domain/someFacts.js';

describe('the size of a snapshot', () => {
  const size = { snapshot: 'a', bytes: 64 * 1024, how: 'exact' } as const;
  const layers = { readAt: 0, from: 'files', disks: [], snapshots: [size], rooms: [] } as const;

  it('counts no RAM that other states use, as after a revert to it', () => {
    const freed = (memoryBytes: number): string => {
      const context = { parent: undefined, automatic: false, kept: false, size: { ...size, memoryBytes } };
      const { lines } = snapshotFacts(snapshot('a', { memory: 'internal' }), context, { now });
      return lines.find(({ name }) => name === 'Deleting frees')?.value ?? '';
    };
    assert.equal(freed(60 * 1024), '64 KB, including 60 KB of memory');
    assert.equal(freed(58 * 1024 ** 2), '64 KB; other states use its 58 MB of memory');
  });

  it('is shown when it is known, or nothing more can be: no part of it stands there for a moment', () => {
    const part = { ...size, how: 'atLeast' } as const;
    const shown = (from: 'files' | 'statistics', one: typeof size | typeof part) =>
      sizeIn({ ...layers, from, snapshots: [one] }, 'a')?.how;
    assert.deepEqual(
      [shown('files', part), shown('statistics', size), shown('statistics', part)],
      ['atLeast', 'exact', undefined],
    );
    const together = (from: 'files' | 'statistics') =>
      togetherWords({ tree: { snapshots: [snapshot('a', {})] }, layers: { ...layers, from, together: part } });
    assert.deepEqual([together('files'), together('statistics')], [['at least 64 KB'], []]);
  });
});

describe('the facts of a snapshot', () => {
  const rows: readonly (readonly [RamWritten | undefined, string])[] = [
    // libvirt passes on QEMU's own stop and its end together.
    ['seamless', 'at least 4 ms'],
    ['live', '4 ms'],
    ['stopped', '4 ms'],
    [undefined, '4 ms'],
  ];
  for (const [ramWritten, expected] of rows) {
    it(`tell how long the guest stood still, as far as it is known: ${ramWritten ?? 'not known how'}`, () => {
      const trailers = { guestPausedMs: 4, ...(ramWritten === undefined ? {} : { ramWritten }) };
      const context = { parent: undefined, automatic: false, kept: false, size: undefined };
      const { lines } = snapshotFacts({ ...snapshot('a', { memory: 'external' }), trailers }, context, { now });
      assert.equal(lines.find(({ name }) => name === 'Pause of the VM')?.value, expected);
    });
  }
});
