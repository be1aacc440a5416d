// What every other test with a daemon stands on: that it is private, that it cannot be left behind, and that the guest
// shows what a revert brings back.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { defineVm, virshOk } from '../../scripts/guest/defineVm.mjs';
import { buildGuest } from '../../scripts/guest/buildGuest.mjs';
import { demoNames, makeDemoVms, removeDemoVms, restingOnDemos } from '../../scripts/guest/demoVms.mjs';
import { parseCounters } from '../../scripts/guest/inGuest.mjs';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { startPrivateDaemon, type PrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { runOk } from '../../scripts/rig/run.mjs';

/** Command lines of all processes that name the folder. */
function processesOf(dir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch (error) {
        assert.ok(['ENOENT', 'ESRCH'].includes(String((error as NodeJS.ErrnoException).code)));
        return '';
      }
    })
    .filter((command) => command.includes(dir));
}

const cloneNames = ['among-them', 'rests-on-them', 'stands-alone'];

/**
 * One with its disk among those of the demo, one that rests on them from elsewhere, two layers deep, and one with a
 * disk of its own.
 */
async function addClones({ virsh, dir }: PrivateDaemon, folder: string): Promise<void> {
  const overlay = async (file: string, backing: string): Promise<string> => {
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', backing, '-F', 'qcow2', file]);
    return file;
  };
  const own = join(dir, 'stands-alone.qcow2');
  await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', own, '4M']);
  const base = join(folder, 'rewind-overlays.qcow2');
  const disks = [
    await overlay(join(folder, 'among-them.qcow2'), own),
    await overlay(join(dir, 'top.qcow2'), await overlay(join(dir, 'middle.qcow2'), base)),
    own,
  ];
  const guest = await buildGuest();
  for (const [index, name] of cloneNames.entries()) {
    const file = disks[index]!;
    await defineVm(virsh, { name, guest, disks: [{ file, format: 'qcow2' }], consoleLog: join(dir, name) });
  }
}

describe('a private daemon', () => {
  let daemon: PrivateDaemon;

  before(async () => {
    daemon = await startPrivateDaemon();
  });
  after(() => daemon.stop());

  it('serves QEMU and the test driver', async () => {
    assert.match(await virshOk(daemon.virsh, '-c', daemon.testUri, 'list', '--name'), /^test$/m);
  });

  it('neither knows VMs of the machine nor adds any to them', async () => {
    const list = await virshOk(daemon.virsh, 'list', '--all', '--name');
    assert.equal(list.trim(), '');
    const guest = await defineTestGuest(daemon, { name: 'not-the-machines', disks: [] });
    for (const folder of ['/etc/libvirt/qemu', join(homedir(), '.config/libvirt/qemu')]) {
      assert.equal(existsSync(join(folder, `${guest.name}.xml`)), false);
    }
    await guest.remove();
  });

  it('mounts nothing on the machine', () => {
    const mounts = readFileSync('/proc/self/mounts', 'utf8');
    assert.ok(!mounts.includes(daemon.dir));
    assert.doesNotMatch(mounts, / \/(usr|run|etc|var\/lib)\/libvirt /);
    const release = process.env['VIRT_REWIND_TEST_RELEASE'];
    assert.ok(release === undefined || !mounts.includes(release));
  });

  it('dies without its guests and finds them again', async () => {
    const guest = await defineTestGuest(daemon, { name: 'survivor' });
    try {
      await guest.start();
      await guest.setCounters(7);
      await daemon.killDaemon();
      assert.notEqual((await daemon.virsh(['list'])).code, 0);
      await daemon.startDaemon();
      assert.equal(await guest.state(), 'running');
      // The new daemon connects to the agent in its own time.
      await guest.waitForAgent();
      assert.deepEqual(await guest.counters(), { memory: 7, disk: 7, boot: 1 });
    } finally {
      await guest.remove();
    }
  });

  it('has demo VMs with both trees, made once, and removed with all their files', async () => {
    const options = { virsh: daemon.virsh, folder: join(daemon.dir, 'demo') };
    assert.deepEqual((await makeDemoVms(options)).sort(), [...demoNames].sort());
    const parents = async (name: string): Promise<Record<string, string>> =>
      Object.fromEntries<string>(
        (await virshOk(daemon.virsh, 'snapshot-list', name, '--parent'))
          .split('\n')
          .map((line) => line.trim().split(/\s+/))
          .map((words) => [words[0] ?? '', words[5] ?? '']),
      );
    assert.deepEqual(await parents('rewind-internal'), {
      'clean-install': '',
      'before-upgrade': 'clean-install',
      'after-upgrade': 'before-upgrade',
      'other-way': 'before-upgrade',
    });
    assert.deepEqual(await parents('rewind-overlays'), {
      'clean-install': '',
      'before-upgrade': 'clean-install',
      'after-upgrade': 'before-upgrade',
    });
    const log = () => parseCounters(readFileSync(join(options.folder, 'rewind-internal.console.log'), 'utf8'));
    while ((log()?.memory ?? 0) < 150) await wait(100);
    assert.deepEqual(await makeDemoVms(options), []);
    assert.deepEqual(await restingOnDemos(options), []);
    await addClones(daemon, options.folder);
    assert.deepEqual((await restingOnDemos(options)).sort(), ['among-them', 'rests-on-them']);
    await Promise.all(cloneNames.map((name) => virshOk(daemon.virsh, 'undefine', name)));
    assert.deepEqual((await removeDemoVms(options)).sort(), [...demoNames].sort());
    assert.equal(existsSync(options.folder), false);
    assert.equal((await virshOk(daemon.virsh, 'list', '--all', '--name')).trim(), '');
  });

  it("leaves somebody else's VM alone that has a demo VM's name", async () => {
    const guest = await buildGuest();
    await defineVm(daemon.virsh, { name: 'rewind-internal', guest, disks: [], consoleLog: join(daemon.dir, 'l') });
    const options = { virsh: daemon.virsh, folder: join(daemon.dir, 'demo') };
    await assert.rejects(makeDemoVms(options));
    await assert.rejects(removeDemoVms(options));
    assert.equal(await virshOk(daemon.virsh, 'domstate', 'rewind-internal'), 'shut off');
  });
});

describe('the owner of a private daemon', () => {
  it('takes daemon, guests and folder along when it is killed', async () => {
    const program = `
      const { startPrivateDaemon } = await import(process.env.RIG + '/rig/privateDaemon.mjs');
      const { defineTestGuest } = await import(process.env.RIG + '/guest/testGuest.mjs');
      const daemon = await startPrivateDaemon();
      const guest = await defineTestGuest(daemon, { name: 'orphan', agent: false });
      await guest.start();
      console.log(daemon.dir);
      setInterval(() => undefined, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, RIG: join(root, 'scripts'), VIRT_REWIND_ROOT: root },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const dir = line.toString().trim();
    assert.ok(processesOf(dir).some((command) => command.includes('guest=orphan')));
    const ended = once(owner, 'exit');
    owner.kill('SIGKILL');
    await ended;
    // Nobody is left who could tell when it is over.
    while (existsSync(dir) || processesOf(dir).length > 0) await wait(20);
  });
});
