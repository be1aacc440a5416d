import assert from 'node:assert/strict';
import { retryDelay } from '../../../src/live/backOff.js';

describe('retryDelay', () => {
  it('doubles from one second to thirty for a connection that was lost', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 5000].map((earlier) => retryDelay('lost', true, earlier, 0));
    assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('looks for a daemon that was never there rarely, and for one that was there soon', () => {
    assert.equal(retryDelay('unreachable', false, 0, 0), 30_000);
    assert.equal(retryDelay('unreachable', true, 0, 0), 1000);
  });

  it('never repeats by itself what would ask for a password, or cannot come out otherwise', () => {
    for (const kind of ['denied', 'unsupported', 'invalid', 'notFound'] as const) {
      assert.equal(retryDelay(kind, true, 0, 0), undefined, kind);
    }
  });

  it('takes at most a fifth off', () => {
    assert.equal(retryDelay('lost', true, 0, 1), 800);
    assert.equal(retryDelay('lost', true, 0, 0.5), 900);
  });
});
