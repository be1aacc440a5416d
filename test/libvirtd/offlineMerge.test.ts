// External snapshots of a VM that is off, and cannot start here: they are deleted without a QEMU, and every byte stays.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import { GuestVm } from './guestVm.js';
import { type LiveRig, startLiveRig } from './inventoryRig.js';

describe('external snapshots of a VM that is off and has a device of the host', () => {
  let rig: LiveRig;
  let stage: GuestVm;

  before(async () => {
    rig = await startLiveRig();
    rig.show();
  });
  after(() => rig.stop());

  beforeEach(async () => {
    stage = await GuestVm.define(rig, `off${String(count++)}`);
    await stage.power('start');
    await stage.write();
    await stage.create('one', 'disk');
    await stage.write();
    await stage.create('two', 'memory', 'external');
    await stage.write();
    await stage.power('forceOff');
    // No computer has a device there, so libvirt cannot start it.
    const xml = await stage.virsh('dumpxml', '--inactive', '--security-info');
    const device = `<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x00ff' bus='0xfe' slot='0x1f' function='0x6'/></source></hostdev>`;
    await withXmlFile(xml.replace('</devices>', `${device}</devices>`), (file) =>
      virshOk(stage.vm.virsh, 'define', file),
    );
    await stage.inventory.refresh({ vm: stage.ref });
  });
  let count = 0;

  it('are merged without starting it, from the newest on', async () => {
    const names = (await stage.vm.see()).snapshots.map(({ name }) => name);
    const folder = dirname(stage.vm.guest.disks[0]!.file);
    for (const snapshot of names.toReversed()) {
      await stage.run({ kind: 'delete', snapshot, scope: 'one' });
      stage.model = stage.model.deleted(snapshot, 'one');
      await stage.isWhole();
    }
    assert.deepEqual(
      (await readdir(folder)).filter((file) => /\.(one|two|mem)/u.test(file)),
      [],
      'the overlays and the RAM are gone',
    );
  });

  it('with all below are merged as one operation', async () => {
    const [first] = (await stage.vm.see()).snapshots;
    await stage.run({ kind: 'delete', snapshot: first!.name, scope: 'withDescendants' });
    stage.model = stage.model.deleted(first!.name, 'withDescendants');
    await stage.isWhole();
  });

  it('are refused where libvirt would have to start it', async () => {
    const [first] = (await stage.vm.see()).snapshots;
    const request = { kind: 'delete', vm: stage.ref, snapshot: first!.name, scope: 'one' } as const;
    const { libvirt } = stage.inventory.connections[0]!.capabilities!;
    // Before 9.9 libvirt finds no other files of a VM that is off than those of the current one.
    await stage.isRefused(request, libvirt >= versionOf(9, 9) ? 'mergeStartsVm' : 'notRunning');
  });
});
