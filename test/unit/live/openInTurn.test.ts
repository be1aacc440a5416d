// A thousand connections are not opened at once, and one that never answers holds none up.
import assert from 'node:assert/strict';
import type { Hypervisor } from '../../../src/driver/hypervisor.js';
import { openInTurn } from '../../../src/live/connections.js';
import { FakeClock, settled } from '../engine/fakeClock.js';

describe('connections that are opened in turn', () => {
  it('are sixteen at once, in their order, and more after a second', async () => {
    const clock = new FakeClock();
    const begun: string[] = [];
    const ends = new Map<string, (error?: Error) => void>();
    const open = openInTurn((uri) => {
      begun.push(uri);
      return new Promise<Hypervisor>((resolve, reject) =>
        ends.set(uri, (error) => (error === undefined ? resolve({} as Hypervisor) : reject(error))),
      );
    }, clock);
    const all = Array.from({ length: 100 }, (_, index) => open(String(index), new AbortController().signal));
    void Promise.allSettled(all);
    await settled();
    assert.equal(begun.length, 16);
    ends.get('3')?.();
    ends.get('4')?.(new Error('no'));
    await settled();
    assert.deepEqual(begun.slice(16), ['16', '17']);
    await assert.rejects(all[4]!, /no/u);
    await clock.advance(1_000);
    await settled();
    assert.equal(begun.length, 34);
    ends.get('0')?.();
    await settled();
    assert.equal(begun.length, 34, 'its turn was over');
  });
});
