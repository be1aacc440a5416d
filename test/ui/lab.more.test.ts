// The example of a lab as `npm start` opens it, by mouse: its VMs are made, a task breaks two of the three, and F5
// starts a debugger whose preLaunchTask resets them, so that the program it runs finds all as it was.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { runInGuest } from '../../scripts/guest/inGuest.mjs';
import { labGuestFolder, putExampleLab } from '../../scripts/start/exampleLab.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const vms = ['shop-client', 'shop-database', 'shop-server'];

describe('the example of a lab', () => {
  const { virsh, dir, uri } = testDaemon();
  const stage = stepsOnStage(async (ends) => {
    ends.push(async () => {
      // Where a step failed before the last one.
      for (const name of vms) {
        await virsh(['destroy', name]);
        await virsh(['undefine', name, '--snapshots-metadata', '--managed-save']);
      }
    });
    return openStage('mouse', {
      // As `npm start` has it for the system's QEMU, which may not read what is in a home.
      fill: (folder) => putExampleLab(folder, { guestFolder: labGuestFolder(dir) }),
      env: { VIRT_REWIND_LABS: join(dir, 'labs'), VIRT_REWIND_IMAGES: dir, LIBVIRT_DEFAULT_URI: uri },
      // Drawn on a canvas, what a terminal shows could not be read.
      settings: { 'terminal.integrated.gpuAcceleration': 'off', 'terminal.integrated.stickyScroll.enabled': false },
    });
  });
  const row = (label: string | RegExp) => stage().workbench.row(label);
  const terminal = (text: RegExp) => stage().workbench.page.locator('.xterm-rows').filter({ hasText: text }).first();
  const inVm = async (vm: string, script: string) =>
    (await runInGuest(virsh, `shop-${vm}`, 'sh', ['-c', script])).stdout.trim();

  it('makes nothing before somebody wants it', async () => {
    const { hands, workbench } = stage();
    await hands.showView('Virt Rewind', 'VMs');
    await hands.command('Virt Rewind: Open Lab File');
    await workbench.editor.getByText('database').first().waitFor();
    assert.equal((await virshOk(virsh, 'list', '--all', '--name')).trim(), '');
    await workbench.page.getByRole('button', { name: 'Create Lab…' }).first().click();
    await workbench.dialog.getByText('Create the lab shop?').waitFor();
    await workbench.picture('lab/create-asks');
    await hands.answer('Create');
    await row(/^shop, 3 VMs/).waitFor();
    await workbench.toast('Lab “shop” created.').waitFor();
    await hands.dismiss('Lab “shop” created.');
    assert.deepEqual((await virshOk(virsh, 'list', '--name')).trim().split('\n').sort(), vms);
  });

  it('has two of its three VMs broken by a task', async () => {
    const { hands, workbench } = stage();
    await hands.expand(/^shop, 3 VMs/);
    await hands.command('Tasks: Run Task');
    await hands.pick(/^Break two VMs/);
    await row(/^shop-server, .*off/).waitFor();
    assert.equal(await inVm('database', 'ls /data | grep -c orders'), '0');
    await workbench.picture('lab/broken');
  });

  it('is reset by F5 before the program runs that the debugger starts', async () => {
    const { hands, workbench } = stage();
    // So that its last lines, and the prompt behind them, are all seen.
    await workbench.page.setViewportSize({ width: 1200, height: 1100 });
    await workbench.page.keyboard.press('F5');
    // The program is told how it went, and by whom it was started: the debugger.
    await terminal(/pass 1\b.*Waiting for the debugger to disconnect/s).waitFor();
    assert.deepEqual((await inVm('database', 'cat /data/orders')).split('\n'), ['2 pears: 4', '5 apples: 15']);
    // VS Code 1.100 shows the debugger's view meanwhile.
    await hands.showView('Virt Rewind', 'VMs');
    await row(/^shop-server, .*running/).waitFor();
    await workbench.picture('lab/tested');
  });

  it('is reset first where its tests are run in the Testing view, which says how long each phase took', async () => {
    const { hands, workbench } = stage();
    await hands.command('Testing: Focus on Test Explorer View');
    await hands.expand(/^project/);
    await row(/^Test the shop/).waitFor();
    // Without a reset the test would find what F5 has left, and fail.
    await hands.command('Test: Run All Tests');
    // VS Code reads out the description in place of the name, as soon as there is one.
    await row(/(Test the shop|after a reset that took).*Passed/).waitFor();
    await workbench.page
      .getByText(/after a reset that took [\d.]+ s/)
      .first()
      .waitFor();
    await workbench.picture('lab/reset-first');
    await hands.showView('Virt Rewind', 'VMs');
  });

  it('goes when somebody wants it, and nothing of it stays', async () => {
    const { hands } = stage();
    await hands.command('Virt Rewind: Destroy Lab…');
    await hands.answer('Destroy');
    await row(/^shop, 3 VMs/).waitFor({ state: 'detached' });
    assert.equal((await virshOk(virsh, 'list', '--all', '--name')).trim(), '');
  });
});
