// Disks…: a disk is made larger, added and removed with a mouse, its size is checked as it is typed, and the question
// says what it means.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

describe('the disks of a VM', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const stage = stepsOnStage(async (ends) => {
    const file = join(daemon.dir, 'growing.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    ends.push(() => virsh(['undefine', 'growing', '--snapshots-metadata']));
    await defineDiskVm({ virsh }, 'growing', [{ file, format: 'qcow2' }]);
    await virsh(['snapshot-create-as', 'growing', 'inside']);
    return openStage('mouse');
  });

  it('are listed, and one becomes larger', async () => {
    const { hands, workbench } = stage();
    await hands.showView('Virt Rewind', 'VMs');
    await hands.menu('growing', 'More', 'Disks…');
    await workbench.option(/vda.*4\.0 MB, qcow2/su).waitFor();
    await workbench.picture('disks-list');
    await hands.pick(/vda/u);
    await hands.pick(/Grow Disk/u);
    await hands.type('New Size of Disk vda of growing', '2M');
    await workbench.quickInput.getByText('larger than 4.0 MB').waitFor();
    await workbench.picture('disks-size');
    await hands.type('New Size of Disk vda of growing', '8M');
    await hands.enter();
    await workbench.page.getByText('Snapshots keep the size that the disk had').waitFor();
    await workbench.picture('disks-question');
    await hands.answer('Grow Disk');
    await workbench.page.getByText('Disk vda of growing now has 8.0 MB').waitFor();
    const { stdout } = await virsh(['domblkinfo', 'growing', 'vda']);
    assert.match(stdout, /Capacity: +8388608/u);
  });

  it('are added, and removed', async () => {
    const { hands, workbench } = stage();
    await hands.menu('growing', 'More', 'Disks…');
    await hands.pick(/Add Disk/u);
    await hands.type('Add Disk', '5M');
    await hands.enter();
    await workbench.page.getByText('Existing snapshots do not contain the disk').waitFor();
    await workbench.picture('disks-add');
    await hands.answer('Add Disk');
    await workbench.page.getByText('Added disk vdb of 5.0 MB to growing').waitFor();
    await hands.menu('growing', 'More', 'Disks…');
    await hands.pick(/vdb/u);
    await workbench.picture('disks-what');
    await hands.pick(/Remove Disk/u);
    await workbench.page.getByText('Its file is moved to').waitFor();
    await workbench.picture('disks-remove');
    await hands.answer('Remove Disk');
    await workbench.page.getByText('Removed disk vdb from growing').waitFor();
    const { stdout } = await virsh(['domblklist', 'growing']);
    assert.doesNotMatch(stdout, /vdb/u);
  });
});
