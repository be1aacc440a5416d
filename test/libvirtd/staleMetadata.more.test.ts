// What a snapshot's metadata say of its files is not believed where the files tell otherwise: after another client
// forgot a snapshot below, and after somebody wrote into what is below.
import assert from 'node:assert/strict';
import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { Failure } from '../../src/domain/failure.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('a snapshot whose files are not what its metadata say', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const layer = (vm: GuestVm, disk: number, name: string): string =>
    vm.vm.guest.disks[disk]!.file.replace(/\.[^.]*$/u, `.${name}.qcow2`);

  it('is not reverted to where the one below was forgotten by another client and that moved its files', async () => {
    const vm = await GuestVm.define(r, 'forgotten');
    await vm.power('start');
    await vm.grow('bottom', 'middle', 'top');
    await vm.power('forceOff');
    await r.virsh('snapshot-delete', 'forgotten', 'bottom', '--metadata');
    await r.engine.refresh({ vm: vm.ref });
    const present = vm.model;
    const xml = await r.virsh('snapshot-dumpxml', 'forgotten', 'middle');
    const isMoved = !xml.includes(`<source file='${layer(vm, 0, 'bottom')}'`);
    let refused: string | undefined;
    try {
      await vm.run({ kind: 'revert', snapshot: 'middle', after: 'off', checkpointFirst: false });
      vm.model = vm.model.reverted('middle', 'off');
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      refused = error.details.refusal?.reason;
      vm.model = present;
    }
    assert.equal(refused, isMoved ? 'contentElsewhere' : undefined);
    const { differences } = await vm.vm.compare(vm.model, 'present');
    assert.deepEqual(
      differences.filter(({ about }) => about === 'data'),
      [],
    );
    const orphans = (await vm.diagnoses('all')).filter(({ problem }) => problem.kind === 'orphanFile');
    assert.deepEqual(orphans, []);
  });

  for (const off of [false, true]) {
    it(`names its own overlay where the one above was forgotten and a later one is deleted${off ? ', off' : ''}`, async () => {
      const name = `bereft-${String(off)}`;
      const vm = await GuestVm.define(r, name);
      await vm.power('start');
      await vm.grow('bottom', 'middle');
      if (off) {
        await vm.power('forceOff');
      }
      await r.virsh('snapshot-delete', name, 'middle', '--metadata');
      await r.engine.refresh({ vm: vm.ref });
      const kind = off ? 'offline' : 'disk';
      await vm.run({ kind: 'create', title: 'later', snapshotKind: kind, style: 'external' });
      await vm.run({ kind: 'delete', snapshot: 'later', scope: 'one' });
      assert.ok(
        (await r.virsh('snapshot-dumpxml', name, 'bottom')).includes(`<source file='${layer(vm, 0, 'bottom')}'`),
      );
      const revert = { kind: 'revert', vm: vm.ref, snapshot: 'bottom', after: 'off', checkpointFirst: true } as const;
      assert.equal((await r.engine.plan(revert)).kind, 'plan');
      await vm.isRefused({ kind: 'delete', snapshot: 'bottom', scope: 'one' }, 'notInChain');
      await vm.repair('staleMetadata');
      assert.equal(await r.virsh('snapshot-list', name, '--name'), '');
      const { differences } = await vm.vm.compare(vm.model, 'present');
      assert.deepEqual(
        differences.filter(({ about }) => about === 'data'),
        [],
      );
    });
  }

  it('is reverted to where another client renamed it, which leaves its child elsewhere', async () => {
    const vm = await GuestVm.define(r, 'renamed');
    await vm.power('start');
    await vm.grow('first', 'second');
    await vm.power('forceOff');
    const { code, stderr } = await run('virsh', ['-c', r.uri, 'snapshot-edit', 'renamed', 'first', '--rename'], {
      env: { ...r.daemon.env, EDITOR: "sed -i 's,<name>first</name>,<name>other</name>,'" },
    });
    assert.equal(code, 0, stderr);
    await r.engine.refresh({ vm: vm.ref });
    const model = vm.model;
    const isMoved = !(await r.virsh('snapshot-dumpxml', 'renamed', 'second')).includes(layer(vm, 0, 'first'));
    await vm.run({ kind: 'revert', snapshot: 'other', after: 'off', checkpointFirst: false });
    vm.model = model.reverted('first', 'off');
    const { differences } = await vm.vm.compare(vm.model, 'present');
    assert.deepEqual(
      differences.filter(({ about }) => about === 'data'),
      [],
    );
    const second = { kind: 'revert', snapshot: 'second', after: 'off', checkpointFirst: false } as const;
    await (isMoved ? vm.isRefused(second, 'unownedImage') : vm.run(second));
  });

  it('is not reverted to where that was so, and a revert took the overlay away that would tell', async () => {
    const vm = await GuestVm.define(r, 'bereft');
    await vm.power('start');
    await vm.grow('bottom', 'middle');
    await vm.run({ kind: 'revert', snapshot: 'bottom', after: 'running', checkpointFirst: false });
    vm.model = vm.model.reverted('bottom', 'running');
    const bottom = layer(vm, 0, 'bottom');
    const named = async (): Promise<boolean> =>
      (await r.virsh('snapshot-dumpxml', 'bereft', 'middle')).includes(`<source file='${bottom}'`);
    assert.ok(await named());
    await r.virsh('snapshot-delete', 'bereft', 'bottom', '--metadata');
    await r.engine.refresh({ vm: vm.ref });
    const isMoved = !(await named());
    const revert = { kind: 'revert', snapshot: 'middle', after: 'off', checkpointFirst: false } as const;
    if (isMoved) {
      await vm.isRefused(revert, 'unownedImage');
      const orphans = (await vm.diagnoses('all')).filter(({ problem }) => problem.kind === 'orphanFile');
      assert.deepEqual(orphans, []);
    } else {
      await vm.run(revert);
      vm.model = vm.model.reverted('middle', 'off');
    }
    const { differences } = await vm.vm.compare(vm.model, 'present');
    assert.deepEqual(
      differences.filter(({ about }) => about === 'data'),
      [],
    );
  });

  it('is not reverted to where somebody wrote into what is below it', async () => {
    const vm = await GuestVm.define(r, 'written');
    await vm.power('start');
    await vm.grow('bottom', 'middle', 'top');
    await vm.power('forceOff');
    // All that was frozen has been so for an hour.
    const then = new Date(Date.now() - 3_600_000);
    for (const disk of vm.vm.guest.disks.keys()) {
      for (const file of [
        vm.vm.guest.disks[disk]!.file,
        ...['bottom', 'middle', 'top'].map((name) => layer(vm, disk, name)),
      ]) {
        await utimes(file, then, then);
      }
    }
    const present = vm.model;
    await runOk('qemu-img', ['commit', '-q', '-f', 'qcow2', '-b', vm.vm.guest.disks[0]!.file, layer(vm, 0, 'middle')]);
    for (const snapshot of ['bottom', 'middle', 'top']) {
      await vm.isRefused({ kind: 'revert', snapshot, after: 'off', checkpointFirst: false }, 'writtenSince');
    }
    const { differences } = await vm.vm.compare(present, 'present');
    assert.deepEqual(differences, []);
  });

  it('is reverted to where one far below was deleted long after: that writes the name of another base into a layer', async () => {
    const vm = await GuestVm.define(r, 'deleted');
    await vm.power('start');
    await vm.grow('bottom', 'middle', 'top', 'last');
    const then = new Date(Date.now() - 3_600_000);
    for (const disk of vm.vm.guest.disks.keys()) {
      const layers = ['bottom', 'middle', 'top', 'last'].map((name) => layer(vm, disk, name));
      for (const file of [vm.vm.guest.disks[disk]!.file, ...layers]) {
        await utimes(file, then, then);
      }
    }
    // Nobody is to see that it was a moment ago.
    await rm(join(r.daemon.dir, 'journal', 'frozen'), { recursive: true });
    await vm.run({ kind: 'delete', snapshot: 'bottom', scope: 'one' });
    vm.model = vm.model.deleted('bottom', 'one');
    await vm.run({ kind: 'revert', snapshot: 'last', after: 'off', checkpointFirst: false });
    vm.model = vm.model.reverted('last', 'off');
    await vm.holdsAll();
  });

  it('is not reverted to where a merge by hand put the VM on a file far below its own', async () => {
    const vm = await GuestVm.define(r, 'below');
    await vm.power('start');
    await vm.grow('first', 'second');
    await vm.run({ kind: 'revert', snapshot: 'first', after: 'running', checkpointFirst: false });
    vm.model = vm.model.reverted('first', 'running');
    // The guest writes into the file that `first` froze from now on, and `second` is built on.
    await r.virsh('blockcommit', 'below', 'vda', '--active', '--pivot', '--wait');
    await r.engine.refresh({ vm: vm.ref });
    const present = vm.model;
    await vm.isRefused({ kind: 'revert', snapshot: 'second', after: 'off', checkpointFirst: false }, 'frozenFileInUse');
    const { differences } = await vm.vm.compare(present, 'present');
    assert.deepEqual(
      differences.filter(({ about }) => about === 'data'),
      [],
    );
    await vm.write();
    await vm.power('forceOff');
    await vm.isRefused({ kind: 'revert', snapshot: 'second', after: 'off', checkpointFirst: false }, 'frozenFileInUse');
    // Whatever the VM stands on by then: that file was written to.
    await vm.create('third');
    await vm.isRefused({ kind: 'revert', snapshot: 'second', after: 'off', checkpointFirst: false }, 'frozenAgain');
  });

  it('is not reverted to where a merge by hand put the VM on its file, and another was taken of that', async () => {
    const vm = await GuestVm.define(r, 'again');
    await vm.power('start');
    await vm.grow('first');
    // All of it within a second or two: no time of a last write tells.
    await r.virsh('blockcommit', 'again', 'vda', '--active', '--shallow', '--pivot', '--wait');
    await r.engine.refresh({ vm: vm.ref });
    await vm.grow('second');
    const present = vm.model;
    await vm.isRefused({ kind: 'revert', snapshot: 'first', after: 'off', checkpointFirst: false }, 'frozenAgain');
    const { differences } = await vm.vm.compare(present, 'present');
    assert.deepEqual(differences, []);
    await vm.run({ kind: 'revert', snapshot: 'second', after: 'off', checkpointFirst: false });
  });
});
