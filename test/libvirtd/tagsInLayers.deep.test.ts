// Overlays that hold snapshots inside: whatever merges or removes such a file takes them along, and libvirt does so
// without a word. What libvirt made there, what qemu-img made there; running and off.
import assert from 'node:assert/strict';
import { runOk } from '../../scripts/rig/run.mjs';
import { blockDifferences } from '../oracle/blocks.js';
import { readImage } from '../oracle/images.js';
import type { Disks } from '../oracle/model.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('an overlay that holds a snapshot inside', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  async function files({ vm }: GuestVm): Promise<readonly string[]> {
    const { disks } = await vm.see();
    return vm.guest.disks.map(({ target }) => disks.get(target)!.file);
  }

  async function tag(vm: GuestVm, name: string): Promise<readonly string[]> {
    const images = await files(vm);
    for (const file of images) {
      await runOk('qemu-img', ['snapshot', '-c', name, file]);
    }
    await r.engine.refresh({ vm: vm.ref });
    return images;
  }

  async function tagHolds(images: readonly string[], name: string, content: Disks): Promise<void> {
    for (const [disk, file] of images.entries()) {
      const bytes = await readImage({ file, format: 'qcow2', tag: name });
      assert.deepEqual(blockDifferences(disk, bytes, content[disk]!), []);
    }
  }

  /** `one` and `two`, external, and on the overlays above them what no snapshot holds. */
  async function grown(name: string): Promise<GuestVm> {
    const vm = await GuestVm.define(r, name);
    await vm.power('start');
    await vm.grow('one', 'two');
    return vm;
  }

  for (const power of ['running', 'off'] as const) {
    it(`made by virsh, VM ${power}: what is below it is neither deleted nor consolidated`, async () => {
      const vm = await grown(`inner-${power}`);
      if (power === 'off') {
        await vm.power('forceOff');
      }
      await r.virsh('snapshot-create-as', vm.vm.name, 'inner');
      const kind = power === 'running' ? 'memory' : 'offline';
      vm.model = vm.model.created({ name: 'inner', title: 'inner', kind, style: 'internal' });
      await r.engine.refresh({ vm: vm.ref });
      if (power === 'running') {
        await vm.write();
      }
      // Off, an old libvirt does not find the files of what is not current.
      if (power === 'off' && r.hypervisor().capabilities.libvirt < 9_009_000) {
        await vm.isRefused({ kind: 'delete', snapshot: 'two', scope: 'one' }, 'notRunning');
      } else {
        await vm.isRefused({ kind: 'delete', snapshot: 'two', scope: 'one' }, 'tagInLayer');
      }
      await vm.run({ kind: 'consolidate' });
      vm.model = vm.model.deleted('one', 'one');
      await vm.isWhole();
    });

    it(`made by qemu-img, VM ${power}: the snapshots on its layers are neither deleted nor consolidated`, async () => {
      const vm = await grown(`bare-${power}`);
      await vm.power('forceOff');
      const then = vm.model.disks;
      const images = await tag(vm, 'mine');
      if (power === 'running') {
        await vm.power('start');
        await vm.write();
      }
      await vm.isRefused({ kind: 'delete', snapshot: 'two', scope: 'one' }, 'tagInLayer');
      await vm.isRefused({ kind: 'delete', snapshot: 'one', scope: 'withDescendants' }, 'tagInLayer');
      await vm.isWhole();
      await vm.power(power === 'running' ? 'forceOff' : 'start');
      await vm.power(power === 'running' ? 'start' : 'forceOff');
      await tagHolds(images, 'mine', then);
    });
  }

  it('is left where it is by a revert without a checkpoint, with all that is inside', async () => {
    const vm = await grown('left');
    await vm.power('forceOff');
    const then = vm.model.disks;
    const images = await tag(vm, 'mine');
    await vm.run({ kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: false });
    await tagHolds(images, 'mine', then);
    await vm.holdsAll(vm.model.reverted('one', 'off'));
  });

  it('counts as changed, though nothing else was written to it: a checkpoint keeps it', async () => {
    const vm = await GuestVm.define(r, 'untouched');
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    await vm.create('one');
    await vm.create('two');
    const then = vm.model.disks;
    const images = await tag(vm, 'mine');
    await vm.run({ kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: true });
    await tagHolds(images, 'mine', then);
  });

  it('of another branch stays: its snapshot is not deleted', async () => {
    const vm = await grown('branch');
    await vm.power('forceOff');
    const then = vm.model.disks;
    const images = await tag(vm, 'mine');
    await vm.create('three');
    await vm.run({ kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: false });
    await vm.isRefused({ kind: 'delete', snapshot: 'three', scope: 'one' }, 'tagInLayer');
    await tagHolds(images, 'mine', then);
  });

  for (const given of ['by the snapshot', 'by a revert to it'] as const) {
    it(`was made ${given} and is left by the VM: what it rests on is neither removed nor merged into`, async () => {
      const vm = await grown(`under-${given.split(' ').at(-1)!}`);
      await vm.power('forceOff');
      const revert = async (snapshot: string): Promise<void> => {
        await vm.run({ kind: 'revert', snapshot, after: 'off', checkpointFirst: false });
        vm.model = vm.model.reverted(snapshot, 'off');
      };
      if (given !== 'by the snapshot') {
        await revert('two');
      }
      const then = vm.model.disks;
      const images = await tag(vm, 'mine');
      await revert('one');
      const refused = async (snapshot: string, scope: 'one' | 'withDescendants'): Promise<void> =>
        vm.isRefused({ kind: 'delete', snapshot, scope }, 'tagInLayer');
      await refused('two', 'one');
      await refused('one', 'withDescendants');
      await tagHolds(images, 'mine', then);
      await vm.holdsAll();
    });
  }

  it('is left by a VM that goes on beside it: what it rests on takes no merge', async () => {
    const vm = await grown('beside');
    await vm.power('forceOff');
    const then = vm.model.disks;
    const images = await tag(vm, 'mine');
    await vm.run({ kind: 'revert', snapshot: 'two', after: 'off', checkpointFirst: false });
    vm.model = vm.model.reverted('two', 'off');
    await vm.power('start');
    await vm.write();
    await assert.rejects(vm.run({ kind: 'delete', snapshot: 'two', scope: 'one' }), { kind: 'refused' });
    await vm.power('forceOff');
    await tagHolds(images, 'mine', then);
    await vm.holdsAll();
  });

  it('of nobody is told of by the doctor, and not removed', async () => {
    const vm = await GuestVm.define(r, 'orphan');
    await vm.power('start');
    await vm.grow('one');
    await vm.power('forceOff');
    const then = vm.model.disks;
    const images = await tag(vm, 'mine');
    await vm.run({ kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: false });
    await r.engine.refresh({ vm: vm.ref });
    const found = (await r.engine.examine(vm.ref)).diagnoses.map(({ problem }) => problem);
    assert.ok(
      found.some((one) => one.kind === 'orphanFile' && one.file === images[0]),
      JSON.stringify(found),
    );
    await vm.isRefused({ kind: 'repair', repair: { kind: 'removeFiles', files: images } }, 'tagInLayer');
    await tagHolds(images, 'mine', then);
  });
});
