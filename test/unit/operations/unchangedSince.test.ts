import assert from 'node:assert/strict';
import type { PlannedWork } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import type { Before } from '../../../src/domain/origin.js';
import type { InterruptedOperation } from '../../../src/operations/interrupted.js';
import type { PowerReason, PowerState } from '../../../src/domain/vm.js';
import { changedSinceRefusal } from '../../../src/operations/decide/unchangedSince.js';
import { captureBefore } from '../../../src/operations/captureBefore.js';
import { image, seen as filesSeen } from '../domain/hostFiles.js';
import { before as nothing, disk, external, internal, ref, facts, tree, vm } from '../domain/someFacts.js';

const startedAt = 1_800_000_000_000;
const request = { kind: 'revert', vm: ref, snapshot: 'a', after: 'asBefore' } as const;
const revert: Step = { kind: 'revert', snapshot: 'a', to: 'running' };
const cut: Step = { kind: 'power', action: 'forceOff' };
const define: Step = { kind: 'defineFromSnapshot', snapshot: 'a', disks: [{ target: 'vda', file: '/img/new' }] };

/** Nobody can tell, for example, when a device was written to. */
const { bytes, allocatedBytes, format, virtualBytes } = image();
const timeless = { bytes, allocatedBytes, format, virtualBytes };

function planOf(...steps: readonly Step[]): PlannedWork {
  return { kind: 'plan', request, before: nothing, steps, progress: 'timeOnly' };
}

function at(power: PowerState, powerReason: PowerReason, modifiedAt?: number, more: Partial<Facts> = {}): Facts {
  return facts({
    vm: vm({ power, powerReason, disks: [disk('vda', '/img/now')] }),
    tree: tree([internal('a')], 'a'),
    files: filesSeen({ '/img/now': modifiedAt === undefined ? timeless : image({ modifiedAt }) }),
    ...more,
  });
}

function broken(plan: PlannedWork, before: Before, times: Partial<InterruptedOperation> = {}): InterruptedOperation {
  const begun = [...plan.steps.keys()];
  return {
    request,
    plan: { ...plan, before },
    begun,
    done: [],
    startedAt,
    begunAt: new Map(begun.map((index) => [index, startedAt])),
    doneAt: new Map(),
    lastStepAt: startedAt,
    ...times,
  };
}

function what(interrupted: InterruptedOperation, recovery: PlannedWork, seen: Facts): string {
  return changedSinceRefusal(interrupted, recovery, seen)?.refusal.facts['what'] ?? 'asLeft';
}

describe('a VM on which an operation broke off', () => {
  const again = planOf(revert);
  const running = captureBefore(again, at('running', 'other'));

  for (const [name, seen, wanted] of [
    ['its QEMU died, nothing written since', at('off', 'crashed', startedAt + 1_000), 'asLeft'],
    ['libvirt stopped it for the revert', at('off', 'fromSnapshot', startedAt + 1_000), 'asLeft'],
    ['the daemon was started again', at('off', 'other', startedAt + 1_000), 'asLeft'],
    ['it was written to an hour later', at('off', 'other', startedAt + 3_600_000), 'written'],
    ['nobody can tell when it was written to', at('off', 'other'), 'written'],
    ['its file is gone', at('off', 'other', undefined, { files: filesSeen({ '/img/now': 'missing' }) }), 'asLeft'],
    [
      'its file cannot be seen',
      at('off', 'other', undefined, { files: filesSeen({ '/img/now': 'unknown' }) }),
      'written',
    ],
    ['its guest shut down', at('off', 'shutDown', startedAt), 'power'],
    ['somebody cut its power', at('off', 'destroyed', startedAt), 'power'],
    ['somebody saved it', at('off', 'saved', startedAt), 'power'],
    ['its guest shuts down', at('shuttingDown', 'other', startedAt), 'power'],
    ['nobody can tell its state', at('unknown', 'other', startedAt), 'power'],
    [
      'somebody took a snapshot',
      at('off', 'crashed', startedAt, { tree: tree([internal('a'), internal('x', 'a')], 'a') }),
      'snapshots',
    ],
    [
      'a snapshot of that name is another one',
      at('off', 'crashed', startedAt, { tree: tree([{ ...internal('a'), createdAt: 7 }], 'a') }),
      'snapshots',
    ],
    ['a snapshot is gone that nobody was to delete', at('off', 'crashed', startedAt, { tree: tree([]) }), 'snapshots'],
    [
      'it stands on another file',
      at('off', 'crashed', startedAt, {
        vm: vm({ power: 'off', powerReason: 'crashed', disks: [disk('vda', '/img/other')] }),
      }),
      'disks',
    ],
    [
      'it has a disk more',
      at('off', 'crashed', startedAt, {
        vm: vm({ power: 'off', powerReason: 'crashed', disks: [disk('vda', '/img/now'), disk('vdb', '/img/more')] }),
      }),
      'disks',
    ],
  ] as const) {
    it(`is ${wanted}: ${name}`, () => assert.equal(what(broken(again, running), again, seen), wanted));
  }

  it('was stopped by another client just before libvirt took the snapshot that was begun', () => {
    const create: Step = {
      kind: 'createSnapshot',
      name: 'late',
      description: '',
      snapshotKind: 'memory',
      style: 'external',
      quiesce: false,
      disks: [{ target: 'vda', file: '/img/late' }],
    };
    const plan = planOf(create);
    const put = planOf({ kind: 'configureDisks', disks: [{ target: 'vda', file: '/img/now', format: 'qcow2' }] });
    const taken = (state: 'off' | 'running') =>
      at('off', 'saved', startedAt, {
        vm: vm({ power: 'off', powerReason: 'saved', disks: [disk('vda', '/img/late')] }),
        tree: tree([internal('a'), external('late', 'a', { state })], 'late'),
      });
    assert.equal(what(broken(plan, running), put, taken('off')), 'asLeft');
    assert.equal(what(broken(plan, running), put, taken('running')), 'power');
  });

  it('is not known where nobody wrote down what it was', () => {
    const { snapshots, ...withoutSnapshots } = running;
    assert.equal(snapshots?.length, 1);
    assert.equal(what(broken(again, withoutSnapshots), again, at('off', 'crashed', startedAt)), 'notKnown');
  });

  it('is not as it was left when it runs and was off before', () => {
    const plan = planOf(define);
    const off = captureBefore(plan, at('off', 'shutDown'));
    assert.equal(what(broken(plan, off), plan, at('off', 'shutDown', startedAt)), 'asLeft');
    assert.equal(what(broken(plan, off), plan, at('running', 'other', startedAt)), 'power');
    assert.equal(what(broken(plan, off), plan, at('off', 'shutDown', startedAt + 5_000)), 'written');
  });

  it('was switched off by the plan: from then on nobody may have written to it', () => {
    const plan = planOf(cut, define);
    const off = broken(plan, running, {
      done: [0],
      doneAt: new Map([[0, startedAt + 500]]),
      lastStepAt: startedAt + 600,
    });
    assert.equal(what(off, plan, at('off', 'destroyed', startedAt + 400)), 'asLeft');
    assert.equal(what(off, plan, at('off', 'destroyed', startedAt + 2_000)), 'written');
  });
});
