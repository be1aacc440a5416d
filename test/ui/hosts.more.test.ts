// Two hosts in one tree, one behind ssh and a jump host, one behind TLS: what is done to VMs is done there, and one of
// them may die in the middle of it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { startPrivateDaemon, type PrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { findProgram, run, runOk } from '../../scripts/rig/run.mjs';
import { type JumpedHost, makeJumpedHost } from '../libvirtd/sshRig.js';
import { freePort, makeAuthority, makeCertificate, tlsConf } from '../libvirtd/tlsRig.js';
import { openStage } from './stage.js';
import { stepsOnStage } from './steps.js';

/** The VM of each host. */
const [web, db] = ['web', 'db'] as const;

describe('two hosts', () => {
  let build: PrivateDaemon;
  let store: PrivateDaemon;
  let far: JumpedHost;

  before(async function () {
    // The rig binds the daemon's sockets to where libvirt's are, in a network of its own.
    if (process.geteuid?.() !== 0 || (await run('unshare', ['--net', 'sh', '-c', 'ip link set lo up'])).code !== 0) {
      this.skip();
    }
    for (const program of ['sshd', 'openssl', 'nsenter']) {
      if ((await findProgram(program)) === undefined) {
        this.skip();
      }
    }
  });

  const stage = stepsOnStage(async (ends) => {
    const dir = await mkdtemp(join(tmpdir(), 'vr-tls-'));
    ends.push(() => rm(dir, { recursive: true, force: true }));
    await makeAuthority(dir, 'ours');
    await makeCertificate(dir, 'good', { subject: 'store', days: '2', names: 'DNS:localhost', authority: 'ours' });
    await makeCertificate(dir, 'ours/client', { subject: 'me', days: '2', authority: 'ours' });
    const port = await freePort();
    store = await startPrivateDaemon({ listenConf: tlsConf(dir, 'good', port) });
    ends.push(() => store.stop());
    build = await startPrivateDaemon();
    ends.push(() => build.stop());
    far = await makeJumpedHost(build, 'build-host');
    ends.push(() => far.kill());
    await far.start();
    await makeVm(store, db);
    await makeVm(build, web);
    // From now on its snapshots are external ones, which this libvirt cannot revert to by itself.
    await build.virsh(['snapshot-create-as', web, 'base', '--disk-only']);
    const connections = [
      { uri: far.uri(), name: 'build' },
      { uri: `qemu://localhost:${port}/system?pkipath=${join(dir, 'ours')}`, name: 'store' },
    ];
    return openStage('keyboard', {
      settings: { 'virtRewind.connections': connections, 'virtRewind.trash.days': 0 },
      env: { XDG_RUNTIME_DIR: build.dir },
    });
  });
  const row = (label: RegExp) => stage().workbench.row(label);
  const picture = (name: string) => stage().workbench.picture(`hosts-${name}`);
  const untilLogged = async (words: RegExp, from = 0): Promise<void> => {
    while (!(await stage().log()).slice(from).some((line) => words.test(line)));
  };
  const names = async ({ virsh }: PrivateDaemon, vm: string): Promise<string> =>
    (await virsh(['snapshot-list', vm, '--name'])).stdout;

  it('stand in one tree, in the order of the settings', async () => {
    const { hands, workbench } = stage();
    await hands.showView('Virt Rewind', 'VMs');
    await row(/^build, .*libvirt \d/u).waitFor();
    await row(/^store, .*libvirt \d/u).waitFor();
    await row(/^web, .*off/u).waitFor();
    await row(/^db, .*off/u).waitFor();
    const labels = (await workbench.rows()).map(({ label }) => label.split(',')[0]);
    assert.deepEqual(
      labels.filter((label) => ['build', 'web', 'store', 'db'].includes(label ?? '')),
      ['build', 'web', 'store', 'db'],
    );
    await picture('tree');
  });

  for (const [where, vm] of [
    ['ssh and a jump host', web],
    ['TLS', db],
  ] as const) {
    it(`take a checkpoint, revert, undo and delete over ${where}`, async () => {
      const { hands, workbench } = stage();
      const daemon = vm === web ? build : store;
      await hands.expand(new RegExp(`^${vm}, `, 'u'));
      await write(daemon, vm, 1);
      await hands.menu(new RegExp(`^${vm}, `, 'u'), 'Quick Checkpoint');
      await row(/^checkpoint /u).waitFor();
      await hands.command('Notifications: Clear All Notifications');
      await write(daemon, vm, 2);
      await hands.menu(/^checkpoint /u, 'Revert');
      await workbench.dialog.waitFor();
      await picture(`revert-${vm}`);
      await hands.answer(/^Revert/u);
      await workbench.toast(new RegExp(`Reverted ${vm}`, 'u')).waitFor();
      await holds(daemon, vm, 1);
      await hands.notification(new RegExp(`Reverted ${vm}`, 'u'), 'Undo Revert');
      await hands.answer(/^Undo/u);
      await workbench.toast(/Undid the revert/u).waitFor();
      await holds(daemon, vm, 2);
      if (vm === web) {
        // What was done by us leaves what was before the undo, which goes unasked.
        await untilLogged(/web: delete After-revert.*: done/u);
      }
      await hands.command('Notifications: Clear All Notifications');
      await hands.menu(/^checkpoint /u, 'Delete Snapshot');
      await hands.answer('Delete');
      // Its row may be drawn anew meanwhile.
      await untilLogged(new RegExp(`${vm}: delete checkpoint.*: done`, 'u'));
      await row(/^checkpoint /u).waitFor({ state: 'detached' });
      await holds(daemon, vm, 2);
      assert.doesNotMatch(await names(daemon, vm), /^checkpoint/mu);
      await hands.collapse(new RegExp(`^${vm}, `, 'u'));
    });
  }

  it('fork a VM that runs there', async () => {
    const { hands } = stage();
    await hands.menu(/^web, /u, 'Power', 'Start');
    await row(/^web, .*running/u).waitFor();
    await hands.menu(/^web, /u, 'Clones and Forks', 'Fork…');
    await hands.type(`Fork ${web}`, '1');
    await hands.enter();
    await hands.type(`Name of the Fork of ${web}`, 'try');
    await hands.enter();
    await hands.pick('No Network');
    await hands.pick('Keep');
    await row(/^try, .*running/u).waitFor();
    await picture('fork');
    await hands.menu(/^try, /u, 'Clones and Forks', 'Delete Clone');
    await stage().workbench.dialog.waitFor();
    await stage().workbench.page.keyboard.press('Enter');
    await row(/^try, /u).waitFor({ state: 'detached' });
  });

  it('do not wait for one that dies in the middle, and it comes back untouched', async () => {
    const { hands } = stage();
    const before = await names(build, web);
    const logged = (await stage().log()).length;
    await build.hangDaemon();
    await hands.menu(/^web, /u, 'Quick Checkpoint');
    await untilLogged(/web: create .*: begins/u, logged);
    await far.kill();
    await build.killDaemon();
    await row(/^build, .*next try at/u).waitFor();
    await picture('away');
    await hands.command('Notifications: Clear All Notifications');
    await hands.expand(/^db, /u);
    await hands.menu(/^db, /u, 'Quick Checkpoint');
    await row(/^checkpoint /u).waitFor();
    await hands.collapse(/^db, /u);
    await build.startDaemon();
    await far.start();
    await row(/^build, .*libvirt \d/u).waitFor();
    await row(/^web, .*running/u).waitFor();
    assert.equal(await names(build, web), before);
    await hands.expand(/^web, /u);
    await hands.menu(/^web, /u, 'Quick Checkpoint');
    await row(/^checkpoint /u).waitFor();
    await picture('back');
  });
});

async function makeVm(daemon: PrivateDaemon, name: string): Promise<void> {
  const file = join(daemon.dir, `${name}.qcow2`);
  await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
  await defineDiskVm(daemon, name, [{ file, format: 'qcow2' }]);
}

/** The image that the VM writes to. */
async function imageOf({ virsh }: PrivateDaemon, vm: string): Promise<string> {
  return (await virsh(['domblklist', vm])).stdout.trim().split(/\s+/u).at(-1) ?? '';
}

async function write(daemon: PrivateDaemon, vm: string, pattern: number): Promise<void> {
  await runOk('qemu-io', ['-f', 'qcow2', '-c', `write -P ${pattern} 0 64k`, await imageOf(daemon, vm)]);
}

async function holds(daemon: PrivateDaemon, vm: string, pattern: number): Promise<void> {
  const read = await runOk('qemu-io', ['-f', 'qcow2', '-c', `read -P ${pattern} 0 64k`, await imageOf(daemon, vm)]);
  assert.doesNotMatch(read, /verification failed/u);
}
