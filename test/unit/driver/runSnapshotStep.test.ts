// The flags that a new snapshot is asked for with.
import assert from 'node:assert/strict';
import { createFlags } from '../../../src/driver/run/runSnapshotStep.js';
import type { Step } from '../../../src/steps/step.js';

const step: Extract<Step, { kind: 'createSnapshot' }> = {
  kind: 'createSnapshot',
  name: 's',
  description: '',
  snapshotKind: 'memory',
  style: 'external',
  quiesce: false,
  disks: [],
};
const DISK_ONLY = 16;
const QUIESCE = 64;
const LIVE = 256;

describe('the flags of a new snapshot', () => {
  const rows: readonly (readonly [change: Partial<typeof step>, flags: number])[] = [
    [{}, 0],
    [{ live: true }, LIVE],
    [{ style: 'internal', live: true }, 0],
    [{ style: 'internal', snapshotKind: 'offline' }, 0],
    [{ snapshotKind: 'disk' }, DISK_ONLY],
    [{ snapshotKind: 'disk', quiesce: true }, DISK_ONLY | QUIESCE],
    [{ snapshotKind: 'disk', live: true }, DISK_ONLY],
    [{ snapshotKind: 'offline', quiesce: true }, DISK_ONLY],
    [{ quiesce: true }, 0],
  ];
  for (const [change, flags] of rows) {
    it(`with ${JSON.stringify(change)} are ${String(flags)}`, () => {
      assert.equal(createFlags({ ...step, ...change }), flags);
    });
  }
});
