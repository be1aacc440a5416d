// The moving picture of the README: a checkpoint of a VM, rm -rf in its console, a revert, and an undo of the revert.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildGuest } from '../guest/buildGuest.mjs';
import { defineVm, virshOk } from '../guest/defineVm.mjs';
import { runInGuest, waitForAgent } from '../guest/inGuest.mjs';
import { MovingPicture } from './movingPicture.mjs';

/** @typedef {import('../screenshots.mjs').Stage} Stage */

const vm = 'web';
const prompt = 'web #';

/** A VM that runs, silent until it is asked. @param {Stage['daemon']} daemon */
async function makeVm({ dir, virsh }) {
  const built = await buildGuest();
  const at = (/** @type {string} */ end) => join(dir, `${vm}${end}`);
  await copyFile(built.kernel, at('.vmlinuz'));
  await copyFile(built.initrd, at('.initrd'));
  await copyFile(built.base, at('.qcow2'));
  await defineVm(virsh, {
    name: vm,
    guest: { kernel: at('.vmlinuz'), initrd: at('.initrd') },
    disks: [{ file: at('.qcow2'), format: 'qcow2' }],
    consoleLog: at('.console.log'),
    tick: 0,
  });
  await virshOk(virsh, 'snapshot-create-as', vm, 'clean-install', '--description', '\n\n--\nTitle: Clean install');
  await virshOk(virsh, 'start', vm);
  await waitForAgent(virsh, vm);
  await runInGuest(virsh, vm, 'sh', ['-c', 'rm -rf /data/*; echo 1,042 orders >/data/orders; sync']);
}

/**
 * @param {Stage} stage
 * @returns {Promise<Buffer>} the picture
 */
export async function tellStory({ hands, workbench, daemon }) {
  const { page } = workbench;
  await makeVm(daemon);
  const row = workbench.row(/^web, \d+ snapshots?, .*running/);
  await row.waitFor();
  await hands.command('View: Close All Editors');
  await hands.expand(/^web, /);
  await hands.menu(/^web, /, 'Open Console');
  await hands.command('Terminal: Move Terminal into Editor Area');
  const screen = page.locator('.editor-group-container .xterm-rows').first();
  await screen.waitFor();
  /** What stands in the last line but the prompt. @param {RegExp} text */
  const answers = (text) => screen.filter({ hasText: text }).waitFor();
  await page.keyboard.type('shell\r');
  await answers(/#/);
  await page.keyboard.type(`cd /data; PS1='${prompt} '; clear\r`);
  await page.keyboard.type('cat orders\r');
  await answers(/web # cat orders\s*1,042 orders\s*web #/);
  await hands.command('Notifications: Clear All Notifications');

  const picture = new MovingPicture(page);
  const [shell, dialog] = [page.locator('.editor-group-container .xterm'), workbench.dialog];
  await picture.begin({ x: 260, y: 330 });
  await picture.say('1. Checkpoint: the VM with its RAM');
  await picture.hold(600);
  await row.hover();
  await picture.click(row.getByRole('button', { name: 'Quick Checkpoint' }));
  const checkpoint = workbench.row(/^checkpoint /);
  await checkpoint.waitFor();
  await picture.hold(200);
  await workbench.toast(/Created/).waitFor();
  await picture.hold(500);
  await picture.say('2. Break it');
  await picture.click(shell);
  await picture.type('rm -rf *');
  await picture.type('cat orders');
  await answers(/No such file[^#]*web #/);
  await picture.hold(700);
  await picture.say('3. Revert');
  await checkpoint.hover();
  await picture.click(checkpoint.getByRole('button', { name: 'Revert' }));
  await dialog.waitFor();
  await picture.hold(900);
  await picture.click(dialog.getByRole('button', { name: 'Revert and Run' }));
  const reverted = workbench.toast(/Reverted web/);
  await reverted.waitFor();
  await row.waitFor();
  await picture.hold(300);
  await picture.click(shell);
  await picture.type('cat orders');
  await answers(/No such file.*1,042 orders\s*web #/s);
  await picture.hold(800);
  await picture.say('4. Undo the revert: nothing was lost');
  await picture.click(reverted.getByRole('button', { name: 'Undo Revert' }));
  await dialog.waitFor();
  await picture.hold(500);
  await picture.click(dialog.getByRole('button', { name: 'Undo and Run' }));
  await workbench.toast(/Undid the revert of web/).waitFor();
  await row.waitFor();
  await picture.hold(1200);
  const { png, ms } = await picture.end();
  console.log(`story: ${(ms / 1000).toFixed(1)} s, ${(png.length / 1024).toFixed(0)} KB`);
  return png;
}

/** @param {Stage} stage */
export async function endStory({ hands, workbench, daemon }) {
  await hands.command('Terminal: Kill All Terminals');
  await hands.command('View: Close All Editors');
  await hands.command('Notifications: Clear All Notifications');
  await virshOk(daemon.virsh, 'destroy', vm);
  await virshOk(daemon.virsh, 'undefine', vm, '--snapshots-metadata');
  await workbench.row(/^web, /).waitFor({ state: 'detached' });
}
