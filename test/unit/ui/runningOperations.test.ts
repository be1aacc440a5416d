import assert from 'node:assert/strict';
import { RunningOperations } from '../../../src/ui/commands/runningOperations.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { VmRef } from '../../../src/domain/vm.js';

const one = { connection: 'qemu:///system', uuid: 'a' };
const other = { connection: 'qemu:///system', uuid: 'b' };
const start = (vm: VmRef): OperationRequest => ({ kind: 'power', vm, action: 'start' });

/** Ends when it is cancelled. */
const untilCancelled = ({ signal }: AbortController): Promise<string> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('cancelled'), { once: true });
  });

describe('RunningOperations', () => {
  it('cancels all of one VM and none of another', async () => {
    const running = new RunningOperations();
    const ended: string[] = [];
    const ofOne = [1, 2].map((n) => running.track(start(one), untilCancelled).then(() => ended.push(`one ${n}`)));
    const ofOther = running.track(start(other), untilCancelled).then(() => ended.push('other'));
    assert.equal(running.cancel(one), 2);
    await Promise.all(ofOne);
    assert.deepEqual(ended, ['one 1', 'one 2']);
    assert.equal(running.has(one), false);
    assert.equal(running.has(other), true);
    running.cancel(other);
    await ofOther;
  });

  it('forgets what failed', async () => {
    const running = new RunningOperations();
    await assert.rejects(
      running.track(start(one), () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(running.has(one), false);
  });

  it('takes a cancel of nothing', () => {
    assert.equal(new RunningOperations().cancel(one), 0);
  });

  it('leaves the one alone that cannot be cancelled', async () => {
    const running = new RunningOperations();
    const runs = start(one);
    const first = running.track(runs, untilCancelled);
    const waiting = running.track(start(one), untilCancelled);
    assert.equal(running.cancel(one, runs), 1);
    assert.equal(await waiting, 'cancelled');
    assert.equal(running.cancel(one, runs), 0);
    assert.equal(running.has(one), true);
    running.cancel(one);
    await first;
  });
});
