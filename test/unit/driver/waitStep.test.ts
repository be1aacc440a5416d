// A wait for the end of a second, on a clock that the test sets.
import assert from 'node:assert/strict';
import { waitUntil } from '../../../src/driver/run/runSnapshotStep.js';

describe('waitUntil', () => {
  it('is over at once when the second is', async () => {
    await waitUntil(41, new AbortController().signal, () => 42_000);
    await waitUntil(7, AbortSignal.abort(), () => 42_000);
  });

  it('looks at the clock again when the timer fires, and ends only when the second is over', async () => {
    const clock = [41_990, 41_999, 42_000];
    const seen: number[] = [];
    await waitUntil(41, new AbortController().signal, () => {
      seen.push(clock[0]!);
      return clock.shift()!;
    });
    assert.deepEqual(seen, [41_990, 41_999, 42_000]);
  });

  it('waits for no second that is far off: the clock was set back', async () => {
    await waitUntil(3_641, new AbortController().signal, () => 41_000);
    const clock = [41_990, 41_990 - 3_600_000];
    await waitUntil(41, new AbortController().signal, () => clock.shift()!);
    assert.deepEqual(clock, []);
  });

  it('ends with the reason of whoever does not want to wait any longer', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const waiting = waitUntil(2, abort.signal, () => 0);
    abort.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
    await assert.rejects(
      waitUntil(2, AbortSignal.abort(reason), () => 0),
      (error) => error === reason,
    );
  });
});
