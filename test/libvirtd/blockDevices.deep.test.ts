// Disks that are block devices, and disks that are named by pool and volume, on real guests: their overlays stand in a
// folder of files, by paths that we choose. Needs loop devices, so root.
import assert from 'node:assert/strict';
import { severityOf } from '../../src/diagnosis/problemTable.js';
import { readdirSync } from 'node:fs';
import { mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';
import { LoopDevices } from './loopDevices.js';

const mebibyte = 1024 ** 2;

describe('disks that are no files by name', () => {
  let r: LiveRig;
  let folder: string;
  const loops = new LoopDevices();

  before(async () => {
    r = await startLiveRig();
    folder = r.daemon.dir;
    await r.engine.connect(r.uri);
    r.show();
  });
  after(async () => {
    await loops.stop();
    await r.stop();
  });

  /** Two disks are devices, one of them of so many MiB; the third is a file, whose folder takes the overlays of all. */
  async function onDevices(name: string, mebibytes: number): Promise<GuestVm | { readonly why: string }> {
    const made = await OracleVm.define(r.daemon, { name, disks: ['qcow2', 'raw', 'qcow2'] });
    let xml = await r.virsh('dumpxml', name, '--inactive');
    const disks = [];
    for (const disk of made.guest.disks.slice(0, 2)) {
      if (disk.format === 'qcow2') {
        await truncate(disk.file, mebibytes * mebibyte);
      }
      const device = await loops.attach(disk.file);
      if (typeof device !== 'string') {
        return device;
      }
      xml = xml
        .replace(`<source file='${disk.file}'/>`, `<source dev='${device}'/>`)
        .replace(/<disk type='file'(?=[^]*?<source dev)/u, "<disk type='block'");
      disks.push({ ...disk, file: device });
    }
    disks.push(...made.guest.disks.slice(2));
    await withXmlFile(xml, (file) => virshOk(r.daemon.virsh, 'define', file));
    const vm = new OracleVm(made.virsh, { ...made.guest, disks });
    const ref = await r.ref(name);
    await r.engine.refresh({ vm: ref });
    return new GuestVm(r.engine, vm, ref);
  }

  async function lifeOf(vm: GuestVm): Promise<void> {
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    await vm.create('off');
    await vm.power('start');
    await vm.write();
    await vm.create('disk');
    await vm.write();
    await vm.create('ram', 'memory');
    await vm.write();
    await vm.isWhole();
    for (const [snapshot, after] of [
      ['disk', 'running'],
      ['ram', 'running'],
      ['off', 'off'],
      ['ram', 'off'],
      ['ram', 'paused'],
    ] as const) {
      await vm.run({ kind: 'revert', snapshot, after, checkpointFirst: false });
      vm.model = vm.model.reverted(snapshot, after);
      await vm.holdsAll();
    }
    const { checkpoint } = await vm.run({ kind: 'revert', snapshot: 'ram', after: 'running', checkpointFirst: true });
    vm.model = vm.model.reverted('ram', 'running');
    await vm.holdsAll();
    assert.deepEqual(
      (await vm.diagnoses()).filter(({ problem }) => severityOf(problem) === 'error'),
      [],
    );
    if (checkpoint !== undefined) {
      await vm.run({ kind: 'delete', snapshot: checkpoint, scope: 'one' });
    }
    await vm.write();
  }

  it('block devices: are created over, reverted to and merged into', async function () {
    const vm = await onDevices('device', 24);
    if (!(vm instanceof GuestVm)) {
      process.stdout.write(`      skipped: no loop device can be had here: ${vm.why}\n`);
      return this.skip();
    }
    assert.deepEqual(
      r.vm('device')?.vm.disks.map(({ sourceType }) => sourceType),
      ['block', 'block', 'file'],
    );
    await lifeOf(vm);
    await vm.run({ kind: 'delete', snapshot: 'off', scope: 'withDescendants' });
    for (const name of ['ram', 'disk', 'off']) {
      vm.model = vm.model.deleted(name, 'one');
    }
    await vm.holdsAll();
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('device-vd') && !name.endsWith('.sock')),
      [],
    );
  });

  it('a device that may be too small for a merge is left alone', async function () {
    const vm = await onDevices('narrow', 8);
    if (!(vm instanceof GuestVm)) {
      process.stdout.write(`      skipped: no loop device can be had here: ${vm.why}\n`);
      return this.skip();
    }
    await vm.power('start');
    await vm.grow('one', 'two');
    await vm.isRefused({ kind: 'delete', snapshot: 'one', scope: 'one' }, 'deviceMayBeFull');
    await vm.isWhole();
    await vm.run({ kind: 'delete', snapshot: 'two', scope: 'one' });
    vm.model = vm.model.deleted('two', 'one');
    await vm.isWhole();
  });

  it('volumes of a pool: are what the pool says', async () => {
    const pool = join(folder, 'volumes');
    await mkdir(pool);
    const vm = await GuestVm.define(r, 'volume', { folder: pool });
    await r.virsh('pool-create-as', 'volumes', 'dir', '--target', pool);
    let xml = await r.virsh('dumpxml', 'volume', '--inactive');
    for (const { file } of vm.vm.guest.disks) {
      const name = file.slice(pool.length + 1);
      xml = xml
        .replace(`<source file='${file}'/>`, `<source pool='volumes' volume='${name}'/>`)
        .replace(/<disk type='file'(?=[^]*?<source pool)/u, "<disk type='volume'");
    }
    await withXmlFile(xml, (file) => virshOk(r.daemon.virsh, 'define', file));
    assert.match(await r.virsh('dumpxml', 'volume'), /type='volume'/u);
    await r.engine.refresh({ vm: vm.ref });
    await lifeOf(vm);
    await vm.isRefused({ kind: 'delete', snapshot: 'off', scope: 'withDescendants' }, 'volumeTakesNoMerge');
    await vm.holdsAll();
    await vm.run({ kind: 'delete', snapshot: 'off', scope: 'descendants' });
    for (const name of ['ram', 'disk']) {
      vm.model = vm.model.deleted(name, 'one');
    }
    await vm.holdsAll();
  });
});
