// A VM that is moved to another host in a real VS Code: what it asks, how far it is, that it is there, and why it is
// not moved.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, runOk } from '../../scripts/rig/run.mjs';
import { defineDiskVm } from '../libvirtd/diskVm.js';
import { images, type MoveRig, startMoveRig } from '../libvirtd/moveRig.js';
import { openStage } from './stage.js';
import { stepsOnStage } from './steps.js';

const [vm, file] = ['web', `${images}/web.qcow2`];
const row = new RegExp(`^${vm}, `, 'u');
const move = 'Move to Another Host…';

describe('a VM that is moved to another host', () => {
  let rig: MoveRig;

  before(async function () {
    // The rig binds the daemons' sockets to where libvirt's are.
    if (process.geteuid?.() !== 0 || (await findProgram('sshd')) === undefined) {
      this.skip();
    }
  });

  const stage = stepsOnStage(async (ends) => {
    rig = await startMoveRig();
    ends.push(() => rig.stop());
    const { one, other } = rig;
    await one.tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '32M');
    await one.tool('qemu-io', '-f', 'qcow2', '-c', 'write -P 7 0 16M', file);
    await defineDiskVm(one.rig, vm, [{ file, format: 'qcow2' }]);
    await one.rig.virsh('snapshot-create-as', vm, 'first');
    // The editor finds what the command line leaves.
    const pid = join(one.rig.daemon.dir, 'pid-of-move');
    other.wrap('sha256sum', `kill -9 $(cat '${pid}')`);
    const words = [one.door, 'move', vm, other.uri, '-c', one.uri, '--yes'];
    const child = spawn(process.execPath, words, { env: one.env, stdio: 'ignore' });
    writeFileSync(pid, String(child.pid));
    await once(child, 'close');
    other.unwrap('sha256sum');
    const connections = [
      { uri: one.uri, name: 'host-one' },
      { uri: other.uri, name: 'host-other' },
    ];
    return openStage('mouse', {
      settings: { 'virtRewind.connections': connections },
      env: { XDG_RUNTIME_DIR: one.rig.daemon.dir, VIRT_REWIND_STATE: one.env['VIRT_REWIND_STATE'] },
    });
  });

  const picture = (name: string): Promise<string> => stage().workbench.picture(`moves-${name}`);
  const names = async (host: MoveRig['one']): Promise<string> => host.rig.virsh('list', '--all', '--name');

  it('is told after the start where that was interrupted, and ended from there', async () => {
    const { hands, workbench } = stage();
    const sent = (): string[] => readdirSync(rig.other.at(images));
    assert.notDeepEqual(sent(), []);
    await hands.showView('Virt Rewind', 'VMs');
    await workbench.row(row).waitFor();
    const told = /move of web to .* was interrupted/u;
    await workbench.toast(told).waitFor();
    await picture('interrupted');
    await hands.notification(told, 'Finish…');
    await workbench.toast(/Undid the move of web/u).waitFor();
    await picture('ended');
    assert.deepEqual(sent(), []);
    assert.equal(await names(rig.one), vm);
  });

  it('stays where a file of its name is there', async () => {
    const { hands, workbench } = stage();
    writeFileSync(rig.other.at(file), 'of somebody');
    await hands.menu(row, 'More', move);
    await workbench.option(/^host-other/u).waitFor();
    await picture('where');
    await hands.pick(/^host-other/u);
    await workbench.toast(/host-other already has .*web\.qcow2/u).waitFor();
    await picture('refused');
    await hands.dismiss(/web\.qcow2/u);
    rmSync(rig.other.at(file));
    assert.equal(await names(rig.one), vm);
  });

  it('is asked for, and left where somebody cancels', async () => {
    const { hands, workbench } = stage();
    await hands.menu(row, 'More', move);
    await hands.pick(/^host-other/u);
    await workbench.dialog.waitFor();
    await picture('question');
    await hands.answer('Cancel');
    await workbench.dialog.waitFor({ state: 'detached' });
    assert.equal(await names(rig.one), vm);
  });

  it('is on its way, and then there', async () => {
    const { hands, workbench } = stage();
    const gate = join(rig.one.rig.daemon.dir, 'gate');
    await runOk('mkfifo', [gate]);
    rig.other.wrap('sha256sum', `read _ < '${gate}'`);
    await hands.menu(row, 'More', move);
    await hands.pick(/^host-other/u);
    await workbench.dialog.waitFor();
    await hands.answer('Move');
    await workbench.toast(/100 %/u).waitFor();
    await picture('progress');
    rig.other.unwrap('sha256sum');
    await writeFile(gate, '\n');
    await workbench.toast(/Moved web to host-other\./u).waitFor();
    await picture('done');
    assert.equal(await names(rig.one), '');
    assert.equal(await names(rig.other), vm);
    assert.equal(await rig.other.rig.virsh('snapshot-list', vm, '--name'), 'first');
    await workbench.row(row).waitFor();
  });
});
