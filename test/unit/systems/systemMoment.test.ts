// Members that wait for each other to be paused. No VM is there.
import assert from 'node:assert/strict';
import { toDisposable } from '../../../src/base/disposable.js';
import { Failure } from '../../../src/domain/failure.js';
import { SystemMoment } from '../../../src/systems/systemMoment.js';

describe('the one moment of a system', () => {
  let timers: Set<() => void>;
  let moment: SystemMoment;
  beforeEach(() => {
    timers = new Set();
    const clock = {
      now: () => 1,
      ticks: () => 1,
      setTimer: (_: number, then: () => void) => {
        timers.add(then);
        return toDisposable(() => timers.delete(then));
      },
    };
    moment = new SystemMoment({ members: 2, running: 2, clock, onReady: () => Promise.resolve() });
  });
  const saved = (pause: () => Promise<void>): Promise<string> =>
    moment.saving(true, async (common) => {
      await common?.whenReady();
      await pause();
      await common?.whenPaused();
      return 'saved';
    });

  it('leaves no timer behind', async () => {
    const both = [saved(() => Promise.resolve()), saved(() => Promise.resolve())];
    assert.deepEqual(await Promise.all(both), ['saved', 'saved']);
    assert.equal(timers.size, 0);
  });

  it('does not come where one of them cannot be paused: the others do not wait for ever', async () => {
    let answer: () => void = () => undefined;
    const slow = saved(() => new Promise((resolve) => (answer = resolve)));
    const other = saved(() => Promise.resolve());
    await new Promise(setImmediate);
    assert.equal(timers.size, 1);
    timers.forEach((then) => then());
    await assert.rejects(other, (error) => error instanceof Failure && error.kind === 'failed');
    // It is resumed by who paused it, when libvirt answers after all.
    answer();
    await assert.rejects(slow, Failure);
  });
});
