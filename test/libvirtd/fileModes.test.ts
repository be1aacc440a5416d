// Who may read the files that are made for a VM: nobody who may not read what they stand on.
import assert from 'node:assert/strict';
import { chmod, chown, stat } from 'node:fs/promises';
import { versionOf } from '../../src/domain/capabilities.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('the files of a VM', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  /** The file that each disk stands on. */
  async function present(vm: GuestVm): Promise<readonly string[]> {
    await r.engine.refresh({ connection: r.uri });
    const { disks } = r.engine.findVm(vm.ref)?.vm ?? assert.fail('the VM is gone');
    return disks.flatMap(({ source }) => source ?? []);
  }

  async function modes(files: readonly string[]): Promise<readonly string[]> {
    return Promise.all(files.map(async (file) => ((await stat(file)).mode & 0o777).toString(8)));
  }

  async function secret(name: string): Promise<GuestVm> {
    const vm = await GuestVm.define(r, name);
    for (const { file } of vm.vm.guest.disks) {
      await chmod(file, 0o600);
    }
    return vm;
  }

  it('are read by nobody else after a snapshot of a VM that is off', async () => {
    const vm = await secret('secret');
    await vm.create('a', 'disk', 'external');
    assert.deepEqual([...new Set(await modes(await present(vm)))], ['600']);
    await vm.isWhole();
  });

  it('have the owner of what they stand on, where that can be given', async function () {
    if (process.getuid?.() !== 0) {
      this.skip();
    }
    const vm = await secret('owned');
    for (const { file } of vm.vm.guest.disks) {
      await chown(file, 65_534, 65_534);
      await chmod(file, 0o640);
    }
    await vm.create('a', 'disk', 'external');
    // From 11.10 on libvirt makes them, readable by root alone until QEMU gets them.
    const byUs = r.hypervisor().capabilities.libvirt < versionOf(11, 10);
    for (const file of await present(vm)) {
      const { uid, gid, mode } = await stat(file);
      const wanted = byUs ? [65_534, 65_534, '640'] : [0, 0, '600'];
      assert.deepEqual([uid, gid, (mode & 0o777).toString(8)], wanted, file);
    }
  });

  it('are read by nobody else after a revert, whether the snapshot has children or not', async () => {
    const vm = await secret('back');
    await vm.create('a', 'disk', 'external');
    await vm.create('b', 'disk', 'external');
    for (const snapshot of ['a', 'b']) {
      await vm.run({ kind: 'revert', snapshot, after: 'off', checkpointFirst: false });
      vm.model = vm.model.reverted(snapshot, 'off');
      assert.deepEqual([...new Set(await modes(await present(vm)))], ['600'], snapshot);
    }
  });
});
