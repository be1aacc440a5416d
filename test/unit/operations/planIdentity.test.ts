import assert from 'node:assert/strict';
import type { Loss } from '../../../src/domain/consequences.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Step } from '../../../src/steps/step.js';
import { sameSteps, stillHolds } from '../../../src/operations/planIdentity.js';
import { before } from '../domain/someFacts.js';

const request = {
  kind: 'revert',
  vm: { connection: 'qemu:///system', uuid: 'u' },
  snapshot: 's',
  after: 'off',
} as const;

function plan(steps: readonly Step[], losses: readonly Loss[] = []): Plan {
  return { kind: 'plan', request, before, steps, losses, warnings: [], progress: 'timeOnly' };
}

/** An emulated revert, begun in this second. */
function emulated(second: number, left: string): readonly Step[] {
  const disks = [{ target: 'vda', file: `/i/web.${String(second)}` }];
  const overlay = { target: 'vda', file: `/i/web.${String(second)}`, backing: '/i/web.qcow2', backingFormat: 'qcow2' };
  return [
    { kind: 'createOverlays', overlays: [overlay] },
    { kind: 'defineFromSnapshot', snapshot: 's', disks },
    { kind: 'makeCurrent', snapshot: 's', disks },
    { kind: 'removeFiles', files: [left] },
    { kind: 'restoreMemory', snapshot: 's', file: '/i/s.mem', disks, to: 'running' },
  ];
}

describe('a plan that somebody confirmed', () => {
  const rows: readonly [string, Plan, Plan, boolean][] = [
    ['holds when overlays are named by another second', plan(emulated(1, '/i/a')), plan(emulated(2, '/i/a')), true],
    ['holds no longer when another file goes', plan(emulated(1, '/i/a')), plan(emulated(1, '/i/b')), false],
    [
      'holds when it waits for a second that is over by now',
      plan([{ kind: 'waitUntil', second: 5 }, ...emulated(1, '/i/a')]),
      plan(emulated(6, '/i/a')),
      true,
    ],
    [
      'holds while the VM writes on',
      plan([], [{ kind: 'diskChanges', since: 's', disks: [{ target: 'vda', bytes: 1 }] }]),
      plan([], [{ kind: 'diskChanges', since: 's', disks: [{ target: 'vda', bytes: 2 }] }]),
      true,
    ],
    ['holds no longer when it loses more', plan([], []), plan([], [{ kind: 'ram' }]), false],
    ['holds no longer when it does more', plan([]), plan([{ kind: 'dropManagedSave' }]), false],
    [
      'holds no longer when the overlay rests on another file',
      plan(emulated(1, '/i/a')),
      plan(
        emulated(1, '/i/a').map((step) =>
          step.kind === 'createOverlays'
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

describe('sameSteps', () => {
  const overlay = (file: string): readonly Step[] => [
    { kind: 'createOverlays', overlays: [{ target: 'vda', file, backing: '/img/web.qcow2', backingFormat: 'qcow2' }] },
    { kind: 'defineFromSnapshot', snapshot: 'a', disks: [{ target: 'vda', file }] },
  ];
  it('passes over names that are made, and seconds', () => {
    assert.ok(sameSteps(overlay('/img/web.1'), overlay('/img/web.2')));
    assert.ok(sameSteps([{ kind: 'waitUntil', second: 1 }, ...overlay('/img/web.1')], overlay('/img/web.2')));
  });
  it('sees another file below, another order, another file that goes', () => {
    const [made, defined] = overlay('/img/web.1') as [Step, Step];
    assert.ok(!sameSteps([made, defined], [defined, made]));
    assert.ok(!sameSteps([{ kind: 'removeFiles', files: ['/a'] }], [{ kind: 'removeFiles', files: ['/b'] }]));
    assert.ok(
      !sameSteps(overlay('/img/web.1'), [
        made,
        { kind: 'defineFromSnapshot', snapshot: 'a', disks: [{ target: 'vda', file: '/img/other' }] },
      ]),
    );
  });
  it('takes no word of a step for the name of what is made', () => {
    const named = (name: string): readonly Step[] => [
      {
        kind: 'createSnapshot',
        name,
        description: '',
        snapshotKind: 'memory',
        style: 'internal',
        quiesce: false,
        disks: [],
      },
      { kind: 'revert', snapshot: name, to: 'running' },
    ];
    assert.ok(sameSteps(named('running'), named('running-2')));
    assert.ok(sameSteps(named('revert'), named('memory')));
    assert.ok(!sameSteps(named('a'), [named('a')[0]!, { kind: 'revert', snapshot: 'b', to: 'running' }]));
  });
  it('sees what is kept of the variables, whatever the copy is called', () => {
    const copy = (to: string, from = '/nv/web'): Step => ({ kind: 'copyFile', from, to, existing: 'keep' });
    assert.ok(sameSteps([copy('/nv/web.a')], [copy('/nv/web.b')]));
    assert.ok(!sameSteps([copy('/nv/web.a')], [copy('/nv/web.a', '/nv/other')]));
    const back = (to: string): Step => ({ kind: 'copyFile', from: '/nv/web.s', to, existing: 'replace' });
    assert.ok(!sameSteps([back('/nv/web')], [back('/nv/other')]));
  });
  it('bears a word more in what an older version wrote', () => {
    const old = { kind: 'deleteSnapshot', snapshot: 's', withChildren: false } as Step;
    assert.ok(sameSteps([old], [{ kind: 'deleteSnapshot', snapshot: 's' }]));
  });
  it('does not ask in which order somebody wrote the keys', () => {
    assert.ok(sameSteps([{ kind: 'makeCurrent', snapshot: 'a' }], [{ snapshot: 'a', kind: 'makeCurrent' }]));
  });
});
