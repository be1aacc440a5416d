import assert from 'node:assert/strict';
import { retryDelay } from '../../../src/live/connectionKeeper.js';

describe('retryDelay', () => {
  it('doubles from one second to thirty for a connection that was lost', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 5000].map((earlier) =>
      retryDelay('lost', { wasOpen: true, isFar: false, earlier: earlier }, 0),
    );
    assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('looks for a daemon that was never there rarely, and for one that was there soon', () => {
    assert.equal(retryDelay('unreachable', { wasOpen: false, isFar: false, earlier: 0 }, 0), 30_000);
    assert.equal(retryDelay('unreachable', { wasOpen: true, isFar: false, earlier: 0 }, 0), 1000);
  });

  it('doubles from two seconds to a minute for another host, whatever was before', () => {
    for (const kind of ['unreachable', 'lost'] as const) {
      for (const wasOpen of [true, false]) {
        const delays = [0, 1, 2, 3, 4, 5, 6, 5000].map((earlier) =>
          retryDelay(kind, { wasOpen, isFar: true, earlier }, 0),
        );
        assert.deepEqual(delays, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
      }
    }
    assert.equal(retryDelay('denied', { wasOpen: true, isFar: true, earlier: 0 }, 0), undefined);
  });

  it('never repeats by itself what would ask for a password, or cannot come out otherwise', () => {
    for (const kind of ['denied', 'unsupported', 'invalid', 'notFound'] as const) {
      assert.equal(retryDelay(kind, { wasOpen: true, isFar: false, earlier: 0 }, 0), undefined, kind);
    }
  });

  it('takes at most a fifth off', () => {
    assert.equal(retryDelay('lost', { wasOpen: true, isFar: false, earlier: 0 }, 1), 800);
    assert.equal(retryDelay('lost', { wasOpen: true, isFar: false, earlier: 0 }, 0.5), 900);
  });
});
