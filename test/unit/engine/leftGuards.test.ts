// With the guard over a VM's RAM left on, a managed save by libvirt 9.0 keeps old RAM beside newer disks.
import assert from 'node:assert/strict';
import { before } from '../domain/someFacts.js';
import { fakeVm, uuidOf } from './fakeHypervisor.js';
import { FakeKeeping } from './fakePersistence.js';
import { rig, rigWith, uri } from './rig.js';

const vm = { connection: uri, uuid: uuidOf('web') };

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

  it('stays where a snapshot is taken now, which an entry of the journal tells', async () => {
    const persistence = new FakeKeeping();
    const request = { kind: 'create', vm, snapshotKind: 'memory', title: 'now', seamless: true } as const;
    await persistence.journal.begin({
      connection: uri,
      vm: { uuid: vm.uuid, name: 'web' },
      request,
      plan: { kind: 'plan', request, before, steps: [], progress: 'timeOnly' },
    });
    const r = await rigWith({ persistence }, fakeVm('web'), fakeVm('db'));
    await r.look('web');
    assert.deepEqual(r.hypervisor().guardsDropped, [[vm.uuid]]);
  });
});
