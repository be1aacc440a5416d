// What is known when several members have begun one thing at the same moment.
import assert from 'node:assert/strict';
import { Failure } from '../../../src/domain/failure.js';
import type { GroupLease } from '../../../src/engine/operationService.js';
import { powerTogether } from '../../../src/systems/powerTogether.js';
import { FakeClock } from '../engine/fakeClock.js';

describe('members that go on together', () => {
  it('tell whose clock is behind', async () => {
    const clocks: Readonly<Record<string, object>> = { db: { clockBehindMs: 5_000 }, api: {} };
    const lease = {
      run: async (
        { vm }: { vm: { uuid: string } },
        { around }: { around: (steps: () => object) => Promise<object> },
      ) => {
        await around(() => ({}));
        if (clocks[vm.uuid] === undefined) {
          throw new Failure('failed');
        }
        return clocks[vm.uuid];
      },
    } as unknown as GroupLease;
    const requests = ['db', 'api', 'web'].map((uuid) => {
      return { kind: 'power', vm: { connection: 'test:///default', uuid }, action: 'resume' } as const;
    });
    const begun = await powerTogether(lease, requests, { clock: new FakeClock(), ifOneFails: 'others' });
    assert.deepEqual([...begun.clocks.values()], [5_000]);
    assert.equal(begun.failures.size, 1);
  });
});
