import assert from 'node:assert/strict';
import { runGrouped } from '../../../src/ui/commands/runGrouped.js';

interface Job {
  readonly vm: string;
  readonly n: number;
}
const job = (vm: string, n: number): Job => ({ vm, n });
const vmOf = (item: Job): string => item.vm;

describe('runGrouped', () => {
  it('does the things of a group one after another', async () => {
    const under = new Map<string, number>();
    const seen: number[] = [];
    await runGrouped([job('a', 1), job('b', 2), job('a', 3), job('a', 4)], vmOf, 4, async (item) => {
      assert.equal(under.get(item.vm) ?? 0, 0, 'two of one group at the same time');
      under.set(item.vm, 1);
      await new Promise(setImmediate);
      under.set(item.vm, 0);
      if (item.vm === 'a') {
        seen.push(item.n);
      }
    });
    assert.deepEqual(seen, [1, 3, 4]);
  });

  it('has no more groups under way than it may, and as many as it may', async () => {
    let now = 0;
    let most = 0;
    const jobs = Array.from({ length: 9 }, (_, n) => job(`vm${n}`, n));
    await runGrouped(jobs, vmOf, 3, async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise(setImmediate);
      now -= 1;
    });
    assert.equal(most, 3);
  });

  it('leaves the rest of a group after a failure, and no other group', async () => {
    const reason = new Error('no');
    const outcomes = await runGrouped([job('a', 1), job('a', 2), job('b', 3), job('a', 4)], vmOf, 1, (item) =>
      item.n === 2 ? Promise.reject(reason) : Promise.resolve(item.n * 10),
    );
    assert.deepEqual(outcomes, [
      { item: job('a', 1), kind: 'done', value: 10 },
      { item: job('a', 2), kind: 'failed', reason },
      { item: job('b', 3), kind: 'done', value: 30 },
      { item: job('a', 4), kind: 'skipped' },
    ]);
  });

  it('does nothing with nothing', async () => {
    assert.deepEqual(await runGrouped([], vmOf, 4, () => assert.fail('ran')), []);
  });
});
