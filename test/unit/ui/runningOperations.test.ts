import assert from 'node:assert/strict';
import { RunningOperations } from '../../../src/ui/commands/runningOperations.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { VmRef } from '../../../src/domain/vm.js';

const one = { connection: 'qemu:///system', uuid: 'a' };
const other = { connection: 'qemu:///system', uuid: 'b' };
const start = (vm: VmRef): OperationRequest => ({ kind: 'power', vm, action: 'start' });

describe('RunningOperations', () => {
  const cancelled: string[] = [];
  const add = (running: RunningOperations, name: string, request: OperationRequest): { dispose: () => void } =>
    running.add({ request, cancel: () => cancelled.push(name) > 0 });
  beforeEach(() => cancelled.splice(0));

  it('cancels all of one VM and none of another', () => {
    const running = new RunningOperations();
    const ofOne = ['one 1', 'one 2'].map((name) => add(running, name, start(one)));
    add(running, 'other', start(other));
    assert.equal(running.cancel(one), 2);
    assert.deepEqual(cancelled, ['one 1', 'one 2']);
    ofOne.forEach((added) => added.dispose());
    assert.equal(running.has(one), false);
    assert.equal(running.has(other), true);
  });

  it('takes a cancel of nothing', () => {
    assert.equal(new RunningOperations().cancel(one), 0);
  });

  it('leaves the one alone that cannot be cancelled', () => {
    const running = new RunningOperations();
    const runs = start(one);
    add(running, 'runs', runs);
    const waiting = add(running, 'waits', start(one));
    assert.equal(running.cancel(one, runs), 1);
    assert.deepEqual(cancelled, ['waits']);
    waiting.dispose();
    assert.equal(running.cancel(one, runs), 0);
    assert.equal(running.has(one), true);
  });
});
