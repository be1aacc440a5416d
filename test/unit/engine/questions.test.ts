// What is read for a question: once for all that is asked about a VM.
import assert from 'node:assert/strict';
import type { AfterRevert, OperationRequest } from '../../../src/domain/operation.js';
import type { Failure } from '../../../src/domain/failure.js';
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

  describe('whose answers are slow to come', () => {
    const revert = (r: Rig): OperationRequest => ({
      kind: 'revert',
      vm: r.ref('web'),
      snapshot: 'a',
      after: 'running',
      checkpointFirst: false,
    });
    const pausing = (r: Rig): OperationRequest => ({ kind: 'power', vm: r.ref('web'), action: 'pause' });

    it('waits for them, says so, and decides as with answers that came at once', async () => {
      const r = await open();
      const expected = await r.engine.plan(revert(r));
      for (const call of ['readFrozen(a) web', 'readBlockJobs web', 'readNamed two', 'readCheckpoints web']) {
        const slow: string[] = [];
        const listening = r.engine.onDidWait((look) => slow.push(look.waitsFor()));
        const release = r.hypervisor().hang(call);
        const deciding = r.engine.plan(revert(r));
        await settled();
        await r.clock.advance(20_000);
        release();
        const decision = await deciding;
        listening.dispose();
        assert.ok(decision.kind === 'plan' && expected.kind === 'plan', call);
        assert.deepEqual([decision.steps, decision.losses], [expected.steps, expected.losses], call);
        assert.equal(slow.length, 1, call);
      }
    });

    it('refuses what needs them for that when they do not come, and nothing else', async () => {
      const r = await open();
      r.hypervisor().hang('readBlockJobs web');
      const deciding = r.engine.decide([revert(r), pausing(r)]);
      await settled();
      await r.clock.advance(60_000);
      const [asked, paused] = await deciding;
      assert.deepEqual(asked.decision.kind === 'refusal' && asked.decision.refusal, {
        reason: 'notAllSeen',
        facts: { vm: 'web', fact: 'blockJobs' },
      });
      assert.equal(paused.decision.kind, 'plan');
    });

    it('ends when nobody wants it any more', async () => {
      const r = await open();
      r.engine.onDidWait((look) => look.cancel());
      r.hypervisor().hang('readBlockJobs web');
      const rejected = assert.rejects(r.engine.plan(revert(r)), (failure: Failure) => failure.kind === 'cancelled');
      await settled();
      await r.clock.advance(5_000);
      await rejected;
    });

    it('ends at once with the signal of who asked, whether it came before or meanwhile', async () => {
      const r = await open();
      r.hypervisor().hang('readBlockJobs web');
      for (const controller of [new AbortController(), { signal: AbortSignal.abort(), abort: () => undefined }]) {
        const rejected = assert.rejects(
          r.engine.decide([revert(r), pausing(r)], controller.signal),
          (failure: Failure) => failure.kind === 'cancelled',
        );
        await settled();
        controller.abort();
        await rejected;
      }
    });
  });

  it('about nothing asks nobody', async () => {
    const r = await open();
    assert.deepEqual(await r.engine.decide([]), []);
    assert.deepEqual(r.calls(), []);
  });
});
