// What the log says of a revert that took no checkpoint: which snapshot the VM stood on, whatever has its name later.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { logRecovery } from '../../../src/engine/recover/recoveryEnds.js';
import { logOperation } from '../../../src/engine/after/loggedRun.js';
import { head } from '../journal/plans.js';
import { before as nothing, vm as someVm } from '../domain/someFacts.js';
import { FakeKeeping } from './fakePersistence.js';
import { fakeSnapshot } from './fakeHypervisor.js';

const {
  connection,
  vm: { uuid },
  plan,
} = head();
const request: OperationRequest = {
  kind: 'revert',
  vm: { connection, uuid },
  snapshot: 'a',
  after: 'asSnapshot',
  checkpointFirst: true,
};
const tree = { snapshots: [fakeSnapshot('a'), fakeSnapshot('b', 'a')], current: 'b' };

describe('the log of a revert without a checkpoint', () => {
  const { createdAt } = fakeSnapshot('b');

  it('knows what was current', async () => {
    const { operations, logged } = new FakeKeeping();
    const run = { id: '1', facts: { vm: someVm(), tree } as never, after: undefined, stepsMs: 1, why: {} };
    await logOperation(operations, { ...run, plan: { ...plan, request } });
    await logOperation(operations, { ...run, plan: { ...plan, request, checkpoint: 'c' } });
    const seen = logged.map(({ changes }) =>
      changes.flatMap(({ after }) => (after === undefined ? [] : [[after.name, after.createdAt]])),
    );
    assert.deepEqual(seen, [[['b', createdAt]], []]);
  });

  it('knows it where the revert broke off and came to its end', () => {
    const before = { ...nothing, current: 'b', snapshots: tree.snapshots.map(({ name }) => ({ name, createdAt })) };
    const entry = { ...head(), request, plan: { ...plan, request, before } };
    const [change] = logRecovery(entry as never, { vm: someVm(), tree } as never)!.changes;
    assert.deepEqual([change?.before, change?.after?.name, change?.after?.createdAt], [change?.after, 'b', createdAt]);
  });
});
