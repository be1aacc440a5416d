// A snapshot is deleted below one of another branch. libvirt 9.0 would remove the file that the branch is built on, and
// 11.3 crashes where it cannot tell what a disk of the branch rests on: an empty drive is enough.
import assert from 'node:assert/strict';
import { versionOf } from '../../src/domain/capabilities.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { definePeculiar } from './peculiarVm.js';
import type { GuestVm } from './guestVm.js';

const drive = "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>";

describe('a delete below another branch', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  /** bottom ─ fork ─ branch, and the VM goes on from `fork`. */
  const grown = async (vm: GuestVm): Promise<void> => {
    await vm.power('start');
    await vm.grow('bottom', 'fork', 'branch');
    await vm.revert('fork', 'running');
    await vm.write();
    await vm.create('beside');
  };
  const since = (major: number, minor: number): boolean =>
    r.hypervisor().capabilities.libvirt >= versionOf(major, minor);
  /** 9.0 would remove what the branch is built on. */
  const isDone = async (vm: GuestVm): Promise<void> => {
    if (since(10, 0)) {
      await vm.run(wish);
      vm.model = vm.model.deleted('bottom', 'one');
    } else {
      await vm.isRefused(wish, 'overlayNeededByBranch');
    }
    await vm.holdsAll();
    assert.equal(await vm.virsh('domstate'), 'running');
  };
  const wish = { kind: 'delete', snapshot: 'bottom', scope: 'one' } as const;

  it('is done where libvirt can tell what the branch is built on, and the branch is whole', async () => {
    const vm = await definePeculiar(r, { name: 'told' });
    await grown(vm);
    await isDone(vm);
  });

  it('is done where it would crash on a drive that is empty', async () => {
    const vm = await definePeculiar(r, { name: 'drive', edit: (xml) => xml.replace('</disk>', `</disk>${drive}`) });
    await grown(vm);
    await isDone(vm);
  });

  it('is done where the branch was begun anew, so that libvirt knows nothing of its chain', async () => {
    const vm = await definePeculiar(r, { name: 'anew', disks: ['qcow2', 'qcow2'] });
    await vm.power('start');
    await vm.grow('bottom', 'fork');
    await vm.power('forceOff');
    await vm.power('start');
    await vm.grow('branch');
    await vm.revert('fork', 'running');
    await vm.write();
    await vm.create('beside');
    await isDone(vm);
    // What the branch is built on is what libvirt's metadata tell afterwards.
    if (since(10, 0)) {
      await vm.revert('branch', 'running');
      await vm.holdsAll();
    }
  });
});
