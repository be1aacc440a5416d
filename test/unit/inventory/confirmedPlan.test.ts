import assert from 'node:assert/strict';
import { stillHolds } from '../../../src/inventory/confirmedPlan.js';
import type { Loss, Plan, Step } from '../../../src/model/plan.js';

const request = {
  type: 'revert',
  vm: { connection: 'qemu:///system', uuid: 'u' },
  snapshot: 's',
  after: 'off',
} as const;

function plan(steps: readonly Step[], losses: readonly Loss[] = []): Plan {
  return { type: 'plan', request, steps, losses, warnings: [], progress: 'timeOnly' };
}

/** An emulated revert, begun in this second. */
function emulated(second: number, left: string): readonly Step[] {
  const disks = [{ target: 'vda', file: `/i/web.${String(second)}` }];
  const overlay = { target: 'vda', file: `/i/web.${String(second)}`, backing: '/i/web.qcow2', backingFormat: 'qcow2' };
  return [
    { do: 'createOverlays', overlays: [overlay] },
    { do: 'defineFromSnapshot', snapshot: 's', disks },
    { do: 'makeCurrent', snapshot: 's', disks },
    { do: 'removeFiles', files: [left] },
    { do: 'restoreMemory', snapshot: 's', file: '/i/s.mem', disks, to: 'running' },
  ];
}

describe('a plan that somebody confirmed', () => {
  const rows: readonly [string, Plan, Plan, boolean][] = [
    ['holds when overlays are named by another second', plan(emulated(1, '/i/a')), plan(emulated(2, '/i/a')), true],
    ['holds no longer when another file goes', plan(emulated(1, '/i/a')), plan(emulated(1, '/i/b')), false],
    [
      'holds when it waits for a second that is over by now',
      plan([{ do: 'waitUntil', second: 5 }, ...emulated(1, '/i/a')]),
      plan(emulated(6, '/i/a')),
      true,
    ],
    [
      'holds while the VM writes on',
      plan([], [{ what: 'diskChanges', since: 's', disks: [{ target: 'vda', bytes: 1 }] }]),
      plan([], [{ what: 'diskChanges', since: 's', disks: [{ target: 'vda', bytes: 2 }] }]),
      true,
    ],
    ['holds no longer when it loses more', plan([], []), plan([], [{ what: 'ram' }]), false],
    ['holds no longer when it does more', plan([]), plan([{ do: 'dropManagedSave' }]), false],
    [
      'holds no longer when the overlay rests on another file',
      plan(emulated(1, '/i/a')),
      plan(
        emulated(1, '/i/a').map((step) =>
          step.do === 'createOverlays'
            ? { ...step, overlays: step.overlays.map((overlay) => ({ ...overlay, backing: '/i/other' })) }
            : step,
        ),
      ),
      false,
    ],
  ];
  for (const [name, confirmed, fresh, holds] of rows) {
    it(name, () => assert.equal(stillHolds(confirmed, fresh), holds));
  }
});
