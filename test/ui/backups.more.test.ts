// A VM that is backed up, lost and restored in a real VS Code: by mouse, and what comes after the loss by keyboard.
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { hands, type Hands } from '../../scripts/rig/hands.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

const vm = 'ledger';
const row = new RegExp(`^${vm}, `, 'u');

describe('backups', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const inDaemon = (name: string): string => join(daemon.dir, name);
  const [original, repository] = [inDaemon('ledger'), inDaemon('backups')];
  const [restored, apart] = [inDaemon('restored'), inDaemon('apart')];
  let tree: readonly string[];

  const stage = stepsOnStage(async (ends) => {
    ends.push(() =>
      Promise.all([original, repository, restored, apart].map((one) => rm(one, { recursive: true, force: true }))),
    );
    ends.push(() => virsh(['undefine', vm, '--snapshots-metadata']));
    ends.push(() => virsh(['undefine', `${vm}-restored`]));
    await mkdir(original);
    const file = join(original, 'disk.qcow2');
    const write = (pattern: number) => runOk('qemu-io', ['-f', 'qcow2', '-c', `write -P ${pattern} 0 64k`, file]);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    await defineDiskVm(daemon, vm, [{ file, format: 'qcow2' }]);
    // Two branches below one snapshot.
    for (const [pattern, name] of [
      [1, 'empty'],
      [2, 'booked'],
    ] as const) {
      await write(pattern);
      await virshOk(virsh, 'snapshot-create-as', vm, name);
    }
    await virshOk(virsh, 'snapshot-revert', vm, 'empty');
    await write(3);
    await virshOk(virsh, 'snapshot-create-as', vm, 'cancelled');
    return openStage('mouse');
  });

  const snapshots = async (): Promise<readonly string[]> => {
    const rows = await stage().workbench.rows();
    return rows
      .filter(({ label }) => !label.startsWith('Last backup: '))
      .map(({ level, label }) => `${level} ${label.split(',')[0]}`);
  };
  /** In the dialog of VS Code, which offers to create it. */
  async function chooseNewFolder(person: Hands, folder: string): Promise<void> {
    const { quickInput, quickInputField } = stage().workbench;
    await person.pick(/Folder…/u);
    await quickInput.getByRole('button', { name: 'OK' }).waitFor();
    const listed = (name: string) => quickInput.locator('.monaco-list-row').getByText(name, { exact: true }).waitFor();
    // Until it has looked into its first folder, it writes that over what is typed.
    await listed('..');
    await quickInputField.fill(folder);
    // Until it has looked into the new path, Enter chooses the one before.
    await listed('run');
    await person.enter();
    await quickInput.getByText('does not exist').waitFor();
    await person.enter();
  }

  it('are made in a new folder, under a key that somebody has a copy of', async () => {
    const { hands: person, workbench } = stage();
    await person.showView('Virt Rewind', 'VMs');
    await person.expandTo(row, workbench.row('cancelled'));
    tree = await snapshots();
    await person.menu(row, 'More', 'Back Up…');
    await chooseNewFolder(person, repository);
    await person.answer('Generate Key');
    await workbench.dialog.getByText(/^[\da-f]{8}-/u).waitFor();
    await workbench.picture('backups-key');
    await person.answer('Copy Key');
    await workbench.toast(`Backed up ${vm}`).waitFor();
    await workbench.picture('backups-made');
  });

  it('are listed', async () => {
    const { hands: person, workbench } = stage();
    await person.notification(`Backed up ${vm}`, 'Show Backups…');
    await workbench.inputBox(`${vm}: Backups: 1`).waitFor();
    await workbench.option(/3 snapshots/u).waitFor();
    await workbench.picture('backups-list');
    await workbench.page.keyboard.press('Escape');
  });

  it('stand in a row below the snapshots, from where they are listed', async () => {
    const { hands: person, workbench } = stage();
    const backups = /^Last backup: just now, /u;
    await person.showView('Virt Rewind', 'VMs');
    await workbench.row(backups).waitFor();
    await workbench.picture('backups-row');
    const keyboard = hands('keyboard', workbench);
    for (const select of [
      () => person.select(backups),
      async () => {
        await keyboard.showView('Virt Rewind', 'VMs');
        await keyboard.select(backups);
        await workbench.page.keyboard.press('Enter');
      },
    ]) {
      await select();
      await workbench.inputBox(`${vm}: Backups: 1`).waitFor();
      await workbench.page.keyboard.press('Escape');
    }
  });

  it('bring the VM back after it was lost', async () => {
    const { workbench } = stage();
    await virshOk(virsh, 'undefine', vm, '--snapshots-metadata');
    await rm(original, { recursive: true });
    await workbench.row(row).waitFor({ state: 'detached' });
    const person = hands('keyboard', workbench);
    await person.showView('Virt Rewind', 'VMs');
    await person.command('Virt Rewind: Restore Backup…');
    await person.pick(new RegExp(repository, 'u'));
    await person.pick(vm);
    await person.pick(/As the Original/u);
    await chooseNewFolder(person, restored);
    await workbench.toast(`Restored ${vm}`).waitFor();
    await workbench.picture('backups-restored');
    await person.dismiss(`Restored ${vm}`);
    await person.expandTo(row, workbench.row('cancelled'));
    assert.deepEqual(await snapshots(), tree);
  });

  it('have what the snapshots had', async () => {
    const { workbench } = stage();
    const person = hands('keyboard', workbench);
    await person.showView('Virt Rewind', 'VMs');
    await person.menu('booked', 'Revert');
    await person.answer(/^Revert/u);
    await workbench.row(/^booked, .*, current/u).waitFor();
    const { stdout } = await virsh(['domblklist', vm, '--details']);
    const file = /\/\S+/u.exec(stdout)?.[0] ?? '';
    assert.ok(file.startsWith(restored), stdout);
    assert.doesNotMatch(await runOk('qemu-io', ['-r', '-f', 'qcow2', '-c', 'read -P 2 0 64k', file]), /failed/u);
  });

  it('bring one snapshot back beside the VM', async () => {
    const { hands: person, workbench } = stage();
    await person.showView('Virt Rewind', 'VMs');
    await person.command('Virt Rewind: Restore Backup…');
    await person.pick(new RegExp(repository, 'u'));
    await person.pick(vm);
    await workbench.option(/Other Ways…/u).waitFor();
    await workbench.picture('backups-ways');
    await person.pick(/Other Ways…/u);
    await person.pick(/One Snapshot Alone/u);
    await person.pick(/Isolated/u);
    await workbench.picture('backups-options');
    await person.enter();
    await workbench.option(/cancelled/u).waitFor();
    await workbench.picture('backups-points');
    await person.pick(/cancelled/u);
    await workbench.inputBox('Name of the Restored VM').waitFor();
    await person.enter();
    await chooseNewFolder(person, apart);
    await workbench.toast(`Restored ${vm}-restored`).waitFor();
    await workbench.picture('backups-apart');
    const { stdout } = await virsh(['domblklist', `${vm}-restored`, '--details']);
    const file = /\/\S+/u.exec(stdout)?.[0] ?? '';
    assert.doesNotMatch(await runOk('qemu-io', ['-r', '-f', 'qcow2', '-c', 'read -P 3 0 64k', file]), /failed/u);
    assert.equal((await virsh(['snapshot-list', `${vm}-restored`, '--name'])).stdout.trim(), '');
  });
});
