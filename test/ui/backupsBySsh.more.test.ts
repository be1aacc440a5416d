// A VM on a host behind ssh that is backed up, lost and restored in a real VS Code. The connection asks once for the
// passphrase of its login.
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { type PrivateDaemon, startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { findProgram, runOk } from '../../scripts/rig/run.mjs';
import { makeSshHost, type SshHost } from '../libvirtd/sshRig.js';
import { openStage } from './stage.js';
import { stepsOnStage } from './steps.js';

const [vm, host] = ['archive', 'vault-host'];
const row = new RegExp(`^${vm}, `, 'u');
const folder = new RegExp(`Folder on ${host}…`, 'u');
const connection = new RegExp(`^${host} \\(ssh\\), `, 'u');

describe('backups on a host behind ssh', () => {
  let daemon: PrivateDaemon;
  let far: SshHost;

  before(async function () {
    // The rig binds the daemon's sockets to where libvirt's are.
    if (process.geteuid?.() !== 0 || (await findProgram('sshd')) === undefined) {
      this.skip();
    }
  });

  const stage = stepsOnStage(async (ends) => {
    daemon = await startPrivateDaemon();
    ends.push(() => daemon.stop());
    far = await makeSshHost(daemon, host);
    ends.push(() => far.logOut());
    await far.identify('key');
    await mkdir(join(daemon.dir, 'original'));
    const file = join(daemon.dir, 'original', 'disk.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 64k', file]);
    await defineDiskVm(daemon, vm, [{ file, format: 'qcow2' }]);
    await virshOk(daemon.virsh, 'snapshot-create-as', vm, 'first');
    return openStage('mouse', {
      settings: { 'virtRewind.connections': [far.uri()] },
      env: { XDG_RUNTIME_DIR: daemon.dir },
    });
  });

  const picture = (name: string): Promise<string> => stage().workbench.picture(`backups-ssh-${name}`);

  it('are made in a folder there', async () => {
    const { hands, workbench } = stage();
    await hands.showView('Virt Rewind', 'VMs');
    await workbench.page.getByText('Enter passphrase for key').waitFor();
    await workbench.page.locator('.quick-input-widget input[type=password]').fill('open sesame');
    await hands.enter();
    await workbench.row(row).waitFor();
    await hands.menu(row, 'More', 'Back Up…');
    await workbench.option(folder).waitFor();
    await picture('where');
    await hands.pick(folder);
    await workbench.inputBox(`Folder on ${host} for the backups`).waitFor();
    await picture('folder');
    await hands.type(`Folder on ${host} for the backups`, 'backups');
    await workbench.quickInputMessage.getByText('absolute path').waitFor();
    await picture('relative');
    await hands.type(`Folder on ${host} for the backups`, join(daemon.dir, 'backups'));
    await hands.enter();
    await workbench.dialog.waitFor();
    await picture('create');
    await hands.answer('Generate Key');
    await workbench.dialog.getByText(/^[\da-f]{8}-/u).waitFor();
    await picture('key');
    await hands.answer('Copy Key');
    await workbench.toast(`Backed up ${vm}`).waitFor();
    await picture('made');
  });

  it('are listed', async () => {
    const { hands, workbench } = stage();
    await hands.notification(`Backed up ${vm}`, 'Show Backups…');
    await workbench.inputBox(`${vm}: Backups: 1`).waitFor();
    await workbench.option(/1 snapshot/u).waitFor();
    await picture('list');
    await workbench.page.keyboard.press('Escape');
  });

  it('bring the VM back there after it was lost', async () => {
    const { hands, workbench } = stage();
    const { virsh, dir } = daemon;
    await virshOk(virsh, 'undefine', vm, '--snapshots-metadata');
    await rm(join(dir, 'original'), { recursive: true });
    await workbench.row(row).waitFor({ state: 'detached' });
    await hands.menu(connection, 'Restore Backup…');
    await hands.pick(new RegExp(join(dir, 'backups'), 'u'));
    await hands.pick(vm);
    await workbench.option(/As the Original/u).waitFor();
    await hands.pick(/As the Original/u);
    await workbench.option(folder).waitFor();
    await picture('folders');
    await hands.pick(folder);
    const title = `Folder on ${host} for the files of the VM`;
    await workbench.inputBox(title).waitFor();
    await picture('target');
    await hands.type(title, join(dir, 'restored'));
    await hands.enter();
    await workbench.toast(`Restored ${vm}`).waitFor();
    await picture('restored');
    await workbench.row(row).waitFor();
    const { stdout } = await virsh(['domblklist', vm, '--details']);
    const file = /\/\S+/u.exec(stdout)?.[0] ?? '';
    assert.ok(file.startsWith(join(dir, 'restored')), stdout);
    assert.doesNotMatch(await runOk('qemu-io', ['-r', '-f', 'qcow2', '-c', 'read -P 7 0 64k', file]), /failed/u);
  });
});
