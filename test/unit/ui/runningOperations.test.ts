import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/emitter.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { type VmRef, sameVm } from '../../../src/domain/vm.js';
import type { RunningOperation, StoreChange, VmView } from '../../../src/live/views.js';
import { operationCounts, operationRows } from '../../../src/ui/commands/operations/operationRows.js';
import { RunningOperations } from '../../../src/ui/commands/operations/runningOperations.js';
import { type KeptFailure, keptFailures } from '../../../src/ui/keptFailures.js';
import { connectionView, uri, vm, vmView } from './samples.js';

const one = { connection: uri, uuid: 'a' };
const other = { connection: uri, uuid: 'b' };
const start = (on: VmRef): OperationRequest => ({ kind: 'power', vm: on, action: 'start' });
const at = new Date(2026, 10, 27, 19, 32).getTime();

function rig() {
  const changed = new Emitter<StoreChange>();
  const doing = new Map<string, RunningOperation>();
  const views = (): readonly VmView[] =>
    [one, other].map((ref) => ({
      ...vmView({ ref, vm: vm({ uuid: ref.uuid, name: `vm-${ref.uuid}` }) }),
      ...(doing.has(ref.uuid) && { operation: doing.get(ref.uuid)! }),
    }));
  const engine = {
    onDidChange: changed.event,
    findVm: (ref: VmRef) => views().find((view) => sameVm(view.ref, ref)),
    get connections() {
      return [connectionView({ vms: views() })];
    },
  };
  const running = new RunningOperations(engine);
  const cancelled: string[] = [];
  return {
    running,
    cancelled,
    add: (title: string, ...requests: readonly OperationRequest[]) =>
      running.add({ title, requests, cancel: () => cancelled.push(title) }),
    /** The engine has begun it, or ended what it did. */
    begin: (ref: VmRef, request?: OperationRequest, cancellable = true) => {
      doing.delete(ref.uuid);
      if (request !== undefined) {
        doing.set(ref.uuid, { request, startedAt: at - 2_000, progress: { step: 'x', cancellable } });
      }
      changed.fire({ connection: uri, vm: ref });
    },
    rows: (failures: readonly KeptFailure[] = []) =>
      operationRows(engine, running.all, failures, at).map(({ state, label, description, detail, cancel }) => [
        state,
        label,
        description ?? detail,
        cancel !== undefined,
      ]),
  };
}

describe('RunningOperations', () => {
  it('cancels all of one VM and none of another', () => {
    const { running, cancelled, add } = rig();
    const ofOne = ['one 1', 'one 2'].map((name) => add(name, start(one)));
    add('other', start(other));
    assert.equal(running.cancel(one), 2);
    assert.deepEqual(cancelled, ['one 1', 'one 2']);
    ofOne.forEach((added) => added.dispose());
    assert.equal(running.has(one), false);
    assert.equal(running.has(other), true);
  });

  it('takes a cancel of nothing', () => {
    assert.equal(rig().running.cancel(one), 0);
  });

  it('leaves the one alone that cannot be cancelled', () => {
    const { running, cancelled, add } = rig();
    const runs = start(one);
    add('runs', runs);
    const waiting = add('waits', start(one));
    assert.equal(running.cancel(one, runs), 1);
    assert.deepEqual(cancelled, ['waits']);
    waiting.dispose();
    assert.equal(running.cancel(one, runs), 0);
    assert.equal(running.has(one), true);
  });

  it('cancels all of a system from any of its VMs, also while one step cannot be cancelled', () => {
    const { running, cancelled, add } = rig();
    const requests = [start(one), start(other)];
    add('shop', ...requests).say('working on vm-a');
    assert.equal(running.cancel(other, requests[1]), 1);
    assert.deepEqual(cancelled, ['shop']);
  });
});

describe('what failed because a host was away', () => {
  it('is forgotten when the host is back, and nothing else is', () => {
    const failure = { at: 0, command: '', isRefusal: false, message: '', show: () => undefined };
    const [own, other] = [
      { ...failure, away: uri },
      { ...failure, away: 'qemu+ssh://far/system' },
    ];
    [own, other, failure].forEach((one) => keptFailures.add(one));
    keptFailures.removeBack([connectionView({ lastSeenAt: 1 })]);
    assert.equal(keptFailures.all.length, 3, 'nothing is heard of it yet');
    keptFailures.removeBack([connectionView()]);
    assert.deepEqual(keptFailures.all, [failure, other]);
    keptFailures.remove();
  });
});

describe('the rows of operations', () => {
  it('tell what waits, for what, until its turn comes', () => {
    const { add, begin, rows } = rig();
    const [first, second] = [start(one), start(one)];
    add('first', first);
    begin(one, first);
    const waiting = add('second', second);
    waiting.waitFor(first);
    const runs = ['running', 'first', 'in progress: 2 s', true];
    assert.deepEqual(rows(), [runs, ['waiting', 'second', 'waiting for: vm-a: starting', true]]);
    begin(one, second);
    assert.deepEqual(rows(), [['running', 'second', 'in progress: 2 s', true]]);
  });

  it('offer no Cancel of what cannot be cancelled, or is not of this window', () => {
    const { add, begin, rows } = rig();
    const own = start(one);
    add('own', own);
    begin(one, own, false);
    begin(other, start(other));
    assert.deepEqual(rows(), [
      ['running', 'own', 'in progress: 2 s (libvirt cannot cancel it)', false],
      ['running', 'vm-b: starting', 'in progress: 2 s', false],
    ]);
  });

  it('show a system once, whatever its VMs do, and for what it waits', () => {
    const { add, begin, rows } = rig();
    const [before, requests] = [start(one), [start(one), start(other)]];
    begin(one, before);
    const shop = add('shop', ...requests);
    shop.say('working on vm-a, vm-b');
    shop.waitFor(before);
    assert.deepEqual(rows().at(-1), ['waiting', 'shop', 'waiting for: vm-a: starting', true]);
    begin(one, requests[0]);
    begin(other, requests[1]);
    assert.deepEqual(rows(), [['running', 'shop', 'in progress: working on vm-a, vm-b', true]]);
    begin(one);
    assert.equal(rows().length, 1, 'between two of its steps, too');
    shop.dispose();
    assert.equal(rows().length, 1, 'what the VM does by itself');
  });

  it('keep what was refused and what failed, with its time and in words', () => {
    const { rows } = rig();
    const failure = { at, command: 'Delete Snapshot…', vm: 'web', message: 'No.', show: () => undefined };
    assert.deepEqual(
      rows([
        { ...failure, isRefusal: true },
        { ...failure, command: '', vm: undefined, isRefusal: false },
      ]),
      [
        ['refused', 'Delete Snapshot · web', 'refused at 19:32', false],
        ['failed', 'Virt Rewind', 'failed at 19:32', false],
      ],
    );
  });

  it('are counted by state, but for what was refused: nothing has changed', () => {
    const states = ['running', 'waiting', 'running', 'refused', 'failed'] as const;
    assert.equal(operationCounts(states.map((state) => ({ state }))), '2 running, 1 waiting, 1 failed');
    assert.equal(operationCounts([]), '');
  });
});
