// With the guard over a VM's RAM left on, a managed save by libvirt 9.0 keeps old RAM beside newer disks.
import assert from 'node:assert/strict';
import { refuse } from '../../../src/domain/refusal.js';
import type { Rules } from '../../../src/engine/run/rules.js';
import { before } from '../domain/someFacts.js';
import { settled } from './fakeClock.js';
import { fakeVm, uuidOf } from './fakeHypervisor.js';
import { FakeKeeping } from './fakePersistence.js';
import { rig, rigWith, uri } from './rig.js';

const vm = { connection: uri, uuid: uuidOf('web') };

const leavesAll: Rules = {
  remainingPlan: () => 'same',
  planRecovery: () => ({ kind: 'explain', why: refuse('vmGone', { vm: 'web' }).refusal, commands: [] }),
  changedSinceRefusal: () => undefined,
};

describe('what an interrupted snapshot may have left on in QEMU', () => {
  it('is switched off at each connect', async () => {
    const r = await rig(fakeVm('web'));
    await r.look('web');
    r.hypervisor().die();
    await r.clock.advance(2000);
    assert.deepEqual(
      r.opened.map(({ guardsDropped }) => guardsDropped),
      [[[]], [[]]],
    );
  });

  const taking = async (): Promise<FakeKeeping> => {
    const persistence = new FakeKeeping();
    const request = { kind: 'create', vm, snapshotKind: 'memory', title: 'now', seamless: true } as const;
    await persistence.journal.begin({
      connection: uri,
      vm: { uuid: vm.uuid, name: 'web' },
      request,
      plan: { kind: 'plan', request, before, steps: [], progress: 'timeOnly' },
    });
    return persistence;
  };

  it('stays where a snapshot is taken now, which an entry of the journal tells', async () => {
    const r = await rigWith({ persistence: await taking() }, fakeVm('web'), fakeVm('db'));
    await r.look('web');
    assert.deepEqual(r.hypervisor().guardsDropped, [[vm.uuid]]);
  });

  for (const [power, what, dropped] of [
    ['running', 'is switched off where the rest is left to a person', [[vm.uuid], []]],
    ['paused', 'stays where the VM stands still, which may be known to be our doing by that alone', [[vm.uuid]]],
  ] as const) {
    it(what, async () => {
      const persistence = await taking();
      persistence.writerDies();
      const web = fakeVm('web');
      web.vm = { ...web.vm, power };
      const r = await rigWith({ persistence, rules: leavesAll }, web);
      await r.look('web');
      await settled();
      assert.deepEqual(
        [r.hypervisor().guardsDropped, r.reports.map(({ outcome }) => outcome)],
        [dropped, ['explained']],
      );
    });
  }

  it('stays where nothing is to be done unasked', async () => {
    const r = await rig(fakeVm('web'));
    r.engine.setAutomaticActions('none');
    await r.look('web');
    assert.deepEqual(r.hypervisor().guardsDropped, []);
  });
});
