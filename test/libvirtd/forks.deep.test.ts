// A hundred forks of a guest that writes all the time: the file system of each is clean, whether it is taken off or its
// power is cut, and what it holds is whole. The VM goes on counting, and its own file system is clean too.
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { counters, runInGuest, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import type { VmRef } from '../../src/domain/vm.js';
import { throwAway } from '../../src/engine/clones.js';
import { forkVm } from '../../src/engine/forks.js';
import { type Guest, type LiveRig, startLiveRig } from './engineRig.js';

const forks = Number(process.env['TEST_FORKS'] ?? 100);
const atOnce = 4;
/**
 * Each file is followed by its sum: what is there with its sum was written whole, or the disk is of another moment than
 * the RAM.
 */
const writer = `while [ ! -e /run/stop ]; do for n in 0 1 2 3 4 5 6 7; do
  mkdir -p /data/busy/$n && head -c 100000 /dev/urandom > /data/busy/$n/new && md5sum < /data/busy/$n/new > /data/busy/$n/sum.new
  mv /data/busy/$n/new /data/busy/$n/file && mv /data/busy/$n/sum.new /data/busy/$n/sum && rm -rf /data/busy/$(((n + 3) % 8))
done; echo >> /run/rounds; done; : > /run/ended`;
/** Says nothing where each file is as its sum says. */
const judge = `for d in /data/busy/*; do [ -e $d/sum ] && [ "$(md5sum < $d/file)" != "$(cat $d/sum)" ] && echo $d; done; true`;
/** What is written stops, and nothing is on its way to the disk. Who counts has a file open now and then. */
const takeOff = `touch /run/stop; while [ ! -e /run/ended ]; do usleep 10000; done
  until mount -o remount,ro /data 2> /dev/null; do usleep 10000; done`;

describe(`${forks} forks of a guest that writes`, () => {
  let rig: LiveRig;
  let guest: Guest;
  let web: VmRef;
  let folder: string;
  /** As root, which the daemons of these tests are. */
  let canBeSeamless: boolean;

  const inside = async (name: string, line: string): Promise<string> => {
    const { stdout, stderr, code } = await runInGuest(rig.daemon.virsh, name, 'sh', ['-c', line]);
    assert.equal(code, 0, `${name}: ${line}: ${stdout}${stderr}`);
    return stdout;
  };
  const rounds = async (): Promise<number> => Number(await inside('web', 'wc -l < /run/rounds'));
  const diskOf = (ref: VmRef): string => rig.engine.findVm(ref)!.vm.disks[0]!.source!;
  /** What the disk of a VM that is off holds, on a file of its own. */
  const isClean = async (disk: string, how: 'takenOff' | 'cutOff'): Promise<void> => {
    const raw = join(folder, 'looked-at.raw');
    await runOk('qemu-img', ['convert', '-O', 'raw', disk, raw]);
    if (how === 'cutOff') {
      // As at every boot: the journal is played back, and what was open is let go. 1: that was done, and nothing is
      // wrong.
      const played = await run('e2fsck', ['-p', raw]);
      assert.ok(played.code <= 1, `${disk}: ${played.stdout}${played.stderr}`);
    }
    const { code, stdout, stderr } = await run('e2fsck', ['-f', '-n', raw]);
    assert.equal(code, 0, `${disk}: ${stdout}${stderr}`);
    await rm(raw);
  };

  before(async () => {
    rig = await startLiveRig();
    folder = join(rig.daemon.dir, 'looks');
    await mkdir(folder);
    guest = await rig.guest({ name: 'web', tick: 1 });
    const { capabilities } = await rig.engine.connect(rig.uri);
    assert.ok(capabilities !== undefined);
    canBeSeamless = capabilities.externalRevert && capabilities.hypervisor >= versionOf(10, 0);
    web = await rig.ref('web');
    rig.show(web);
    await guest.start();
    await inside('web', `touch /run/rounds; (${writer}) > /dev/null 2>&1 < /dev/null &`);
  });
  after(() => rig.stop());

  it('are clean, and so is the VM, which counts on', async () => {
    for (let made = 0; made < forks; made += atOnce) {
      const first = await guest.counters();
      const wrote = await rounds();
      const { children, snapshot } = await forkVm(rig.engine, web, {
        count: Math.min(atOnce, forks - made),
        seamless: true,
      });
      const moment = (await rig.engine.readTree(web)).snapshots.find(({ name }) => name === snapshot);
      assert.equal(moment?.trailers.ramWritten, canBeSeamless ? 'seamless' : 'live');
      for (const [index, child] of children.entries()) {
        const { name } = rig.engine.findVm(child)!.vm;
        await waitForAgent(rig.daemon.virsh, name);
        const { boot, memory } = await counters(rig.daemon.virsh, name);
        assert.equal(boot, 1, 'it went on, and did not boot');
        assert.ok(memory >= first.memory, `${name} counts ${memory}, and the VM was at ${first.memory}`);
        const how = index % 2 === 0 ? 'takenOff' : 'cutOff';
        if (how === 'takenOff') {
          await inside(name, takeOff);
          assert.equal(await inside(name, judge), '', name);
        }
        await rig.virsh('destroy', name);
        await isClean(diskOf(child), how);
      }
      for (const child of children) {
        await throwAway(rig.engine, child);
      }
      await rig.engine.runOperation({ kind: 'delete', vm: web, snapshot, scope: 'one' });
      const now = await guest.counters();
      assert.equal(now.boot, 1);
      assert.ok(now.memory > first.memory && (await rounds()) > wrote, `the VM stands still since ${first.memory}`);
    }
    await inside('web', takeOff);
    assert.equal(await inside('web', judge), '');
    await rig.virsh('destroy', 'web');
    await rig.engine.refresh({ vm: web });
    await isClean(diskOf(web), 'takenOff');
  });
});
