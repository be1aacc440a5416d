// How long a connection waits that is to be looked at again, by a clock that the test moves.
import assert from 'node:assert/strict';
import { RecoveryRetry } from '../../../src/engine/recover/recoveryRetry.js';
import { silentLog } from '../../silentLog.js';
import { FakeClock } from './fakeClock.js';

describe('the wait for another look', () => {
  it('is short again after a look that left nothing, and when the connection is opened anew', async () => {
    const clock = new FakeClock();
    let isBusy = true;
    let looks = 0;
    const again = new RecoveryRetry({ clock, log: silentLog }, (uri) => {
      looks += 1;
      if (isBusy) {
        again.later(uri);
      }
      return Promise.resolve();
    });
    const after = async (ms: number): Promise<number> => {
      looks = 0;
      await clock.advance(ms);
      return looks;
    };
    await again.now('u');
    await clock.advance(600_000);
    await again.now('u');
    assert.deepEqual([await after(4_999), await after(1)], [0, 1], 'opened anew');
    await clock.advance(600_000);
    isBusy = false;
    assert.equal(await after(60_000), 1);
    isBusy = true;
    again.later('u');
    assert.deepEqual([await after(4_999), await after(1)], [0, 1], 'nothing was left');
    again.dispose();
    assert.equal(clock.pending, 0);
  });
});
