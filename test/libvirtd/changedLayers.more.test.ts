// Whatever a plan takes in, writes into or gives up is what it was when we noted it, or the plan is refused: for each
// kind of operation, and whichever snapshot it is that needs the layer.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { GuestVm } from './guestVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('a layer that somebody changed', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const layerOf = (vm: GuestVm, title: string, disk = 0): string =>
    vm.vm.guest.disks[disk]!.file.replace(/\.[^./]*$/u, `.${title}.qcow2`);
  const scribble = (file: string): Promise<string> =>
    runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 99 20480 4096', file]);
  const digest = async (file: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  const found = async (vm: GuestVm): Promise<readonly string[]> =>
    (await vm.diagnoses()).map(({ problem }) => problem.kind);

  for (const power of ['off', 'running'] as const) {
    it(`is merged by no plan, though another snapshot froze it; the VM is ${power}`, async () => {
      const vm = await GuestVm.define(r, `taken-${power}`);
      await vm.power('start');
      await vm.grow('s1', 's2', 's3');
      await vm.power('forceOff');
      const layer = layerOf(vm, 's2');
      await scribble(layer);
      const changed = await digest(layer);
      if (power === 'running') {
        await vm.power('start');
      }
      for (const snapshot of ['s1', 's2', 's3']) {
        await vm.isRefused({ kind: 'delete', snapshot, scope: 'one' }, 'contentChanged');
      }
      await vm.isRefused({ kind: 'delete', snapshot: 's1', scope: 'withDescendants' }, 'contentChanged');
      await vm.isRefused({ kind: 'delete', snapshot: 's1', scope: 'descendants' }, 'contentChanged');
      await vm.isRefused({ kind: 'prune', snapshots: ['s2'] }, 'contentChanged');
      await vm.isRefused({ kind: 'consolidate' }, 'contentChanged');
      assert.equal(await digest(layer), changed);
      assert.deepEqual(await found(vm), ['contentChanged']);
    });
  }

  for (const power of ['off', 'running'] as const) {
    it(`is not merged where too many names hide who is built on it; the VM is ${power}`, async () => {
      const vm = await GuestVm.define(r, `crowded-${power}`);
      await vm.power('start');
      await vm.grow('s1', 's2', 's3');
      await vm.power('forceOff');
      const layer = layerOf(vm, 's2');
      const folder = dirname(layer);
      const overlay = join(folder, 'a-person.qcow2');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', layer, '-F', 'qcow2', overlay]);
      const crowd = Array.from({ length: 10_001 }, (_, index) => join(folder, `note-${String(index)}`));
      for (const file of crowd) {
        await writeFile(file, '');
      }
      try {
        if (power === 'running') {
          await vm.power('start');
        }
        await vm.isRefused({ kind: 'delete', snapshot: 's2', scope: 'one' }, 'folderTooFull');
        await vm.isRefused({ kind: 'prune', snapshots: ['s1'] }, 'folderTooFull');
        await vm.isRefused({ kind: 'consolidate' }, 'folderTooFull');
      } finally {
        await Promise.all([overlay, ...crowd].map((file) => rm(file)));
      }
      await vm.run({ kind: 'delete', snapshot: 's2', scope: 'one' });
    });
  }

  it('is known though its header names its base by another path; the time vouches where only that was written', async () => {
    const vm = await GuestVm.define(r, 'relinked');
    await vm.power('start');
    await vm.grow('s1');
    await vm.write(...Array.from({ length: 40 }, (_, at) => 200 + 16 * at));
    await vm.create('s2');
    await vm.grow('s3');
    await vm.power('forceOff');
    const layer = layerOf(vm, 's1');
    const { atime, mtime } = await stat(layer);
    const link = join(r.daemon.dir, 'relinked-link');
    await symlink(dirname(layer), link);
    const back = { kind: 'revert', snapshot: 's2', after: 'off', checkpointFirst: false } as const;
    const write = (byte: number): Promise<string> =>
      runOk('qemu-io', ['-f', 'qcow2', '-c', `write -P ${byte} 1500k 512`, layer]);
    const kept = `${layer}.kept`;
    await runOk('cp', ['-p', layer, kept]);
    await write(0x66);
    const base = join(link, basename(vm.vm.guest.disks[0]!.file));
    const relink = (): Promise<string> =>
      runOk('qemu-img', ['rebase', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', base, layer]);
    await relink();
    for (const looks of [1, 2]) {
      assert.ok((await found(vm)).includes('contentChanged'), String(looks));
      await vm.isRefused(back, 'contentChanged');
    }
    await runOk('cp', ['-p', kept, layer]);
    await relink();
    await vm.isRefused(back, 'contentChanged');
    await utimes(layer, atime, mtime);
    assert.ok(!(await found(vm)).includes('contentChanged'));
    await vm.revert('s2', 'off');
    await vm.holdsAll();
  });
});
