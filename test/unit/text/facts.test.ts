import assert from 'node:assert/strict';
import type { RamWritten } from '../../../src/domain/description.js';
import { snapshotFacts } from '../../../src/text/rows/facts.js';
import { now, snapshot } from '../domain/someFacts.js';

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
