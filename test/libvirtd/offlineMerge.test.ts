// External snapshots of a VM that is off, and cannot start here: they are deleted without a QEMU, and every byte stays.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { GuestVm } from './guestVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

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
    await stage.engine.refresh({ vm: stage.ref });
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

  it('are merged below another one, which stands on what took the merge', async () => {
    const [first, second] = (await stage.vm.see()).snapshots.map(({ name }) => name);
    await stage.run({ kind: 'delete', snapshot: first!, scope: 'one' });
    stage.model = stage.model.deleted(first!, 'one');
    await stage.isWhole();
    const frozen = await stage.virsh('snapshot-dumpxml', second!);
    assert.ok(!frozen.slice(frozen.indexOf('<domain ')).includes('.one'), 'its VM is on the file below');
  });

  it('go in a row, the oldest first, in one operation', async () => {
    const { snapshots } = await stage.vm.see();
    await stage.run({ kind: 'consolidate' });
    for (const { name } of snapshots) {
      stage.model = stage.model.deleted(name, 'one');
    }
    await stage.isWhole();
  });
});

describe('an external snapshot of a VM that is off, below a branch', () => {
  let rig: LiveRig;

  before(async () => {
    rig = await startLiveRig();
    rig.show();
  });
  after(() => rig.stop());

  it('is merged, and each branch stands on what took the merge', async () => {
    const stage = await GuestVm.define(rig, 'branch');
    await stage.power('start');
    await stage.grow('one', 'two', 'three');
    const [one, two] = (await stage.vm.see()).snapshots.map(({ name }) => name);
    await stage.revert(two!, 'off');
    await stage.run({ kind: 'delete', snapshot: one!, scope: 'one' });
    stage.model = stage.model.deleted(one!, 'one');
    await stage.holdsAll();
  });
});
