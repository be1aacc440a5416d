// What is read for a question: once for all that is asked about a VM.
import assert from 'node:assert/strict';
import type { AfterRevert, OperationRequest } from '../../../src/domain/operation.js';
import type { VmRef } from '../../../src/domain/vm.js';
import { settled } from './fakeClock.js';
import { fakeVm } from './fakeHypervisor.js';
import { type Rig, rig, uri } from './rig.js';

const ends: readonly AfterRevert[] = ['running', 'paused', 'off'];

function revertsOf(vm: VmRef, snapshot: string): readonly OperationRequest[] {
  return ends.flatMap((after): readonly OperationRequest[] =>
    [true, false].map((checkpointFirst) => ({ kind: 'revert', vm, snapshot, after, checkpointFirst })),
  );
}

const lookAtOthers = ['listVms', 'readNamed one', 'readNamed three', 'readNamed two'];

describe('a question', () => {
  /** The snapshots of `web` are followed; those of the others were read for the last question. */
  async function open(): Promise<Rig> {
    const web = fakeVm('web', ['a', 'b']);
    web.vm = { ...web.vm, agentChannel: true };
    const r = await rig(web, fakeVm('one', ['s']), fakeVm('two', ['s']), fakeVm('three'));
    await r.look('web');
    await r.engine.decide(revertsOf(r.ref('web'), 'a'));
    r.calls();
    return r;
  }

  it('with all its variants rests on one look', async () => {
    const r = await open();
    const requests = revertsOf(r.ref('web'), 'a');
    const decisions = await r.engine.decide(requests);
    assert.deepEqual(r.calls().toSorted(), [
      ...lookAtOthers.slice(0, 1),
      'probeAgent web',
      'readBlockJobs web',
      'readCheckpoints web',
      'readConfigured web',
      'readFrozen(a) web',
      'readFrozen(b) web',
      ...lookAtOthers.slice(1),
    ]);
    assert.deepEqual(
      decisions.map(({ decision }) => decision.kind === 'plan' && decision.request),
      requests,
    );
  });

  it('about several things reads what any of them rests on', async () => {
    const r = await open();
    const vm = r.ref('web');
    const requests: readonly OperationRequest[] = [
      { kind: 'delete', vm, snapshot: 'b', scope: 'one' },
      { kind: 'power', vm, action: 'pause' },
      { kind: 'revert', vm, snapshot: 'a', after: 'running' },
    ];
    const decisions = await r.engine.decide(requests);
    const together = r.calls();
    const alone: string[] = [];
    for (const [index, request] of requests.entries()) {
      assert.deepEqual(await r.engine.plan(request), decisions[index]?.decision);
      alone.push(...r.calls());
    }
    assert.deepEqual(together.toSorted(), [...new Set(alone)].toSorted());
  });

  it('about several VMs looks at each once, and answers in the order asked', async () => {
    const r = await open();
    const requests = ['one', 'two', 'one', 'two'].map((name): OperationRequest => ({
      kind: 'power',
      vm: r.ref(name),
      action: 'pause',
    }));
    const release = r.hypervisor().hang('readTree one');
    const deciding = r.engine.decide(requests);
    await settled();
    release();
    assert.deepEqual(
      (await deciding).map(({ decision }) => decision.kind === 'plan' && decision.request),
      requests,
    );
    assert.equal(r.calls().filter((call) => call.startsWith('readTree')).length, 2);
  });

  it('about many VMs reads a few at a time: each has the time of a plan for itself', async () => {
    const names = Array.from({ length: 9 }, (_, at) => `vm-${at}`);
    const r = await rig(...names.map((name) => fakeVm(name, ['s'])));
    await r.engine.connect(uri);
    r.calls();
    const releases = names.map((name) => r.hypervisor().hang(`readTree ${name}`));
    const deciding = r.engine.decide(
      names.map((name): OperationRequest => ({ kind: 'power', vm: r.ref(name), action: 'pause' })),
    );
    await settled();
    const begun = r.calls().filter((call) => call.startsWith('readTree')).length;
    assert.ok(begun > 0 && begun < names.length / 2, String(begun));
    releases.forEach((release) => release());
    assert.equal((await deciding).length, names.length);
  });

  it('about nothing asks nobody', async () => {
    const r = await open();
    assert.deepEqual(await r.engine.decide([]), []);
    assert.deepEqual(r.calls(), []);
  });
});
