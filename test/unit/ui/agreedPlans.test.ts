// What was agreed to in a picture is good for that one operation, once, and while its command runs.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Plan } from '../../../src/operations/plan.js';
import { AgreedPlans } from '../../../src/ui/picture/agreedPlans.js';

const vm = { connection: 'qemu:///system', uuid: 'u' };
const request: OperationRequest = { kind: 'delete', vm, snapshot: 'one', scope: 'one' };
const plan = { kind: 'plan', request, steps: [], losses: [], warnings: [], progress: 'timeOnly' } as unknown as Plan;

describe('a plan that was agreed to', () => {
  it('is found once by the command that it is for', async () => {
    const agreed = new AgreedPlans();
    await agreed.during(plan, () => {
      assert.equal(agreed.take(request), plan);
      assert.equal(agreed.take(request), undefined);
      return Promise.resolve();
    });
  });

  it('is for no other VM, snapshot, scope or kind', async () => {
    const agreed = new AgreedPlans();
    await agreed.during(plan, () => {
      const others = [
        { ...request, vm: { ...vm, uuid: 'v' } },
        { ...request, snapshot: 'two' },
        { ...request, scope: 'withDescendants' },
        { kind: 'revert', vm, snapshot: 'one' },
        { kind: 'consolidate', vm },
      ] as const;
      assert.deepEqual(
        others.map((other) => agreed.take(other)),
        others.map(() => undefined),
      );
      return Promise.resolve();
    });
  });

  it('is gone when the command is over, however it ended', async () => {
    const agreed = new AgreedPlans();
    await assert.rejects(agreed.during(plan, () => Promise.reject(new Error('dismissed'))));
    assert.equal(agreed.take(request), undefined);
  });
});
