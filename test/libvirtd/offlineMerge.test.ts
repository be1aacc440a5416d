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

  // libvirt would start its own QEMU, whose merges AppArmor may forbid.
  for (const [what, finish] of [
    ['deleted again', (newest) => stage.run({ kind: 'delete', snapshot: newest, scope: 'one' })],
    ['mended', () => stage.repair('unfinishedDelete')],
  ] as readonly (readonly [what: string, finish: (newest: string) => Promise<unknown>])[]) {
    it(`are merged by us where libvirt has begun to: ${what}`, async () => {
      const [first, second] = (await stage.vm.see()).snapshots.map(({ name }) => name);
      await markUnfinished(stage, first!);
      await finish(second!);
      stage.model = stage.model.deleted(second!, 'one');
      await stage.isWhole();
      const definition = await stage.virsh('dumpxml', '--inactive');
      assert.ok(!definition.includes('<backingStore'), 'what is below is not the layers of before');
      assert.ok(!(await stage.virsh('snapshot-dumpxml', first!)).includes(deleteMark));
      await stage.run({ kind: 'delete', snapshot: first!, scope: 'one' });
      stage.model = stage.model.deleted(first!, 'one');
      await stage.isWhole();
    });
  }

  it('are merged by us below another one, where libvirt has begun to', async () => {
    const [first, second] = (await stage.vm.see()).snapshots.map(({ name }) => name);
    const third = await stage.create('three');
    await markUnfinished(stage, first!);
    await stage.repair('unfinishedDelete');
    stage.model = stage.model.deleted(second!, 'one');
    await stage.isWhole();
    for (const name of [first!, third]) {
      assert.ok(!(await stage.virsh('snapshot-dumpxml', name)).includes(deleteMark));
    }
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

const deleteMark = '<snapshotDeleteInProgress/>';

/** As libvirt leaves the snapshot below one whose delete it began, and could not end. */
async function markUnfinished(stage: GuestVm, below: string): Promise<void> {
  const xml = await stage.virsh('snapshot-dumpxml', below, '--security-info');
  const disk = /<disk name='[^']*' snapshot='external'[^>]*>/u;
  const current = (await stage.virsh('snapshot-current', '--name')).trim();
  await withXmlFile(
    xml.replace(disk, (tag) => `${tag}${deleteMark}`),
    (file) => stage.virsh('snapshot-create', '--redefine', file),
  );
  assert.equal((await stage.virsh('snapshot-current', '--name')).trim(), current);
  assert.ok((await stage.virsh('snapshot-dumpxml', below)).includes(deleteMark));
  await stage.engine.refresh({ vm: stage.ref });
}

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
