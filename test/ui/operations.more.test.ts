// The list of operations, by keyboard: what was refused is read again after its message has gone, and is taken out.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

describe('the list of operations', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const stage = stepsOnStage(async (ends) => {
    const file = join(daemon.dir, 'refusing.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    ends.push(
      () => virsh(['destroy', 'refusing']),
      () => virsh(['undefine', 'refusing', '--snapshots-metadata']),
    );
    await defineDiskVm({ virsh }, 'refusing', [{ file, format: 'qcow2' }]);
    await virsh(['snapshot-create-as', 'refusing', 'inside']);
    await virsh(['start', 'refusing']);
    return openStage('keyboard');
  });

  it('has what was refused when its message has gone, and shows it again', async () => {
    const { hands, workbench } = stage();
    await hands.showView('Virt Rewind', 'VMs');
    await hands.menu('refusing', 'Clone', 'Fork…');
    await hands.dismiss('cannot be forked');
    assert.equal(await workbench.statusBar('Operations:').count(), 0, 'nothing has changed: it is in the list alone');
    await hands.command('Virt Rewind: Show Operations…');
    await hands.pick(/Fork · refusing.*refused at \d\d:\d\d.*cannot be forked/su);
    await workbench.toast('cannot be forked').waitFor();
    await hands.dismiss('cannot be forked');
  });

  it('lets go of it by the button of its row', async () => {
    const { hands, workbench } = stage();
    await hands.command('Virt Rewind: Show Operations…');
    await workbench.option(/Fork · refusing/u).waitFor();
    // From the box over the head's button to the list, and on to the button of the row.
    const remove = workbench.quickInput.locator('.quick-input-list').getByRole('button', { name: 'Remove' });
    for (let left = 5; left > 0 && (await remove.and(workbench.page.locator(':focus')).count()) === 0; left--) {
      await workbench.page.keyboard.press('Tab');
    }
    await workbench.page.keyboard.press('Enter');
    await workbench.option(/Fork · refusing/u).waitFor({ state: 'detached' });
    await workbench.page.keyboard.press('Escape');
  });
});
