import assert from 'node:assert/strict';
import { RunningOperations } from '../../../src/commands/runningOperations.js';

const one = { connection: 'qemu:///system', uuid: 'a' };
const other = { connection: 'qemu:///system', uuid: 'b' };

/** Ends when it is cancelled. */
const untilCancelled = ({ signal }: AbortController): Promise<string> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('cancelled'), { once: true });
  });

describe('RunningOperations', () => {
  it('cancels all of one VM and none of another', async () => {
    const running = new RunningOperations();
    const ended: string[] = [];
    const ofOne = [1, 2].map((n) => running.track(one, untilCancelled).then(() => ended.push(`one ${n}`)));
    const ofOther = running.track(other, untilCancelled).then(() => ended.push('other'));
    running.cancel(one);
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
      running.track(one, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(running.has(one), false);
  });

  it('takes a cancel of nothing', () => {
    new RunningOperations().cancel(one);
  });
});
