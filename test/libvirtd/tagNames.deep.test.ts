// Names of internal snapshots that QEMU takes for the ID of another one: it looks for the ID first. Titles that are
// numbers, names that other clients gave, on all disks, with RAM and without.
import assert from 'node:assert/strict';
import { runOk } from '../../scripts/rig/run.mjs';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('snapshots whose names are numbers', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  /** As virsh takes them: inside the images, each on other blocks and, of a VM that runs, other RAM. */
  async function byVirsh(vm: GuestVm, ...names: readonly string[]): Promise<void> {
    for (const name of names) {
      if (vm.model.power === 'running') {
        await vm.write();
      }
      await r.virsh('snapshot-create-as', vm.vm.name, name);
      const kind = vm.model.power === 'off' ? 'offline' : 'memory';
      vm.model = vm.model.created({ name, title: name, kind, style: 'internal' });
    }
    await r.engine.refresh({ vm: vm.ref });
  }

  /** A tag of nobody in one image: what comes after it has another ID there than in the others. */
  const tagIn = (vm: GuestVm, disk: number, tag: string): Promise<unknown> =>
    runOk('qemu-img', ['snapshot', '-c', tag, vm.vm.guest.disks[disk]!.file]);

  const reverts = (vm: GuestVm, snapshot: string, after: 'running' | 'off', checkpointFirst = false) =>
    vm.run({ kind: 'revert', snapshot, after, checkpointFirst });

  async function revertsRight(vm: GuestVm, snapshot: string, after: 'running' | 'off'): Promise<void> {
    await reverts(vm, snapshot, after);
    vm.model = vm.model.reverted(snapshot, after);
    await vm.isWhole();
  }

  it('are given no such name: each title brings back what it says, RAM too', async () => {
    const vm = await GuestVm.define(r, 'ours');
    await vm.power('start');
    const names: string[] = [];
    for (const title of ['base', '1', '2', '3']) {
      await vm.write();
      await vm.vm.talk((guest) => guest.fillRam(4, names.length + 1));
      vm.model = vm.model.setRam({ kib: 4, seed: names.length + 1 });
      await vm.run({ kind: 'create', title, snapshotKind: 'memory', style: 'internal' });
      const name = await r.virsh('snapshot-current', 'ours', '--name');
      vm.model = vm.model.created({ name, title, kind: 'memory', style: 'internal' });
      names.push(name);
    }
    assert.deepEqual(
      names.filter((name) => /^\d+$/u.test(name)),
      [],
    );
    for (const name of names) {
      await revertsRight(vm, name, 'running');
    }
    for (const name of names.slice(1)) {
      await vm.run({ kind: 'delete', snapshot: name, scope: 'one' });
      vm.model = vm.model.deleted(name, 'one');
      await vm.isWhole();
    }
    await revertsRight(vm, 'base', 'running');
  });

  for (const power of ['running', 'off'] as const) {
    describe(`made by another client of a VM that is ${power}`, () => {
      let vm: GuestVm;

      before(async () => {
        vm = await GuestVm.define(r, `theirs-${power}`);
        await vm.power('start');
        await vm.write();
        if (power === 'off') {
          await vm.power('forceOff');
        }
        await byVirsh(vm, 'base');
        for (const name of ['1', '2', '9']) {
          if (power === 'off') {
            await vm.power('start');
            await vm.write();
            await vm.power('forceOff');
          }
          await byVirsh(vm, name);
        }
      });

      it('are not reverted to, where QEMU would take another', async () => {
        await vm.isRefused({ kind: 'revert', snapshot: '1', after: power, checkpointFirst: false }, 'nameIsTagId');
        await vm.isRefused({ kind: 'revert', snapshot: '2', after: power, checkpointFirst: true }, 'nameIsTagId');
        await vm.isWhole();
      });

      it('are told of by the doctor', async () => {
        const found = (await vm.diagnoses()).map(({ problem }) => problem);
        assert.deepEqual(
          found
            .map((finding) => (finding.kind === 'nameIsTagId' ? [finding.snapshot, finding.other] : finding.kind))
            .toSorted(),
          [
            ['1', 'base'],
            ['2', '1'],
          ],
        );
      });

      it('are reverted to where no tag has that ID, and deleted by their names', async () => {
        await revertsRight(vm, '9', power);
        await vm.run({ kind: 'delete', snapshot: '1', scope: 'one' });
        vm.model = vm.model.deleted('1', 'one');
        await vm.isWhole();
        await revertsRight(vm, 'base', power);
        // The tag of “1” had the ID 2.
        await revertsRight(vm, '2', power);
        await vm.run({ kind: 'delete', snapshot: '2', scope: 'one' });
        vm.model = vm.model.deleted('2', 'one');
        await vm.isWhole();
      });
    });
  }

  it('are not reverted to, where they are the ID of another tag in one of the images alone', async () => {
    const vm = await GuestVm.define(r, 'shifted');
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    // IDs 1, 2 in the first image, 2, 3 in the second.
    await tagIn(vm, 1, 'first');
    await byVirsh(vm, 'base');
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    await byVirsh(vm, '2');
    await vm.isRefused({ kind: 'revert', snapshot: '2', after: 'off', checkpointFirst: false }, 'nameIsTagId');
    await vm.isWhole();
    await runOk('qemu-img', ['snapshot', '-d', 'first', vm.vm.guest.disks[1]!.file]);
    await vm.isRefused({ kind: 'revert', snapshot: '2', after: 'off', checkpointFirst: false }, 'nameIsTagId');
    await vm.run({ kind: 'delete', snapshot: 'base', scope: 'one' });
    vm.model = vm.model.deleted('base', 'one');
    await revertsRight(vm, '2', 'off');
  });

  it('are not reverted to, where the checkpoint before it would get that ID', async () => {
    const vm = await GuestVm.define(r, 'next');
    await vm.power('start');
    await byVirsh(vm, 'base', '3');
    await vm.write();
    await vm.isRefused({ kind: 'revert', snapshot: '3', after: 'running', checkpointFirst: true }, 'nameIsTagId');
    await vm.isWhole();
    await revertsRight(vm, '3', 'running');
  });

  it('that an image holds twice are neither reverted to nor deleted, nor taken by a new one', async () => {
    const vm = await GuestVm.define(r, 'twice');
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    await tagIn(vm, 0, 'same');
    await byVirsh(vm, 'same');
    const tagged = await vm.diagnoses();
    assert.deepEqual(
      tagged.map(({ problem }) => problem.kind),
      ['tagTwice'],
    );
    await vm.isRefused({ kind: 'revert', snapshot: 'same', after: 'off', checkpointFirst: false }, 'tagTwice');
    await vm.isRefused({ kind: 'delete', snapshot: 'same', scope: 'one' }, 'tagTwice');
    await vm.isWhole();
    for (const disk of vm.vm.guest.disks.keys()) {
      await tagIn(vm, disk, 'kept');
    }
    for (const power of ['off', 'running'] as const) {
      if (power === 'running') {
        await vm.power('start');
      }
      const title = 'kept';
      await vm.run({ kind: 'create', title, snapshotKind: power === 'off' ? 'offline' : 'memory', style: 'internal' });
      const name = await r.virsh('snapshot-current', 'twice', '--name');
      assert.notEqual(name, title);
      await vm.run({ kind: 'delete', snapshot: name, scope: 'one' });
    }
    const stdout = await runOk('qemu-img', ['snapshot', '-U', '-l', vm.vm.guest.disks[0]!.file]);
    assert.equal(stdout.split('\n').filter((line) => line.includes(' kept ')).length, 1, stdout);
  });

  it('are taken out of an image as what they are called, by the doctor', async () => {
    const vm = await GuestVm.define(r, 'orphans');
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    await byVirsh(vm, 'base');
    await tagIn(vm, 0, '1');
    await r.engine.refresh({ vm: vm.ref });
    await vm.repair('orphanTag');
    await vm.isWhole();
    assert.deepEqual(await vm.diagnoses(), []);
  });
});
