// What a snapshot froze is what it was, or nobody is given it as that: whatever the times of the files say.
import assert from 'node:assert/strict';
import { copyFile, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import type { VmRef } from '../../src/domain/vm.js';
import { defineDiskVm } from './diskVm.js';
import { GuestVm } from './guestVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('what a snapshot froze', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const back = (snapshot: string) => ({ kind: 'revert', snapshot, after: 'off', checkpointFirst: false }) as const;
  const found = async (vm: GuestVm): Promise<readonly string[]> =>
    (await vm.diagnoses()).map(({ problem }) => problem.kind);

  it('is known by more than its last write: another file with an old time, after the guest has run', async () => {
    const vm = await GuestVm.define(r, 'replaced');
    const { file } = vm.vm.guest.disks[0]!;
    await vm.create('base');
    const old = await stat(file);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', `${file}.new`, '64M']);
    await copyFile(file, `${file}.kept`);
    await utimes(`${file}.kept`, old.atime, new Date(old.mtimeMs));
    await copyFile(`${file}.new`, file);
    const then = new Date(Date.now() - 3_600_000);
    await utimes(file, then, then);
    await vm.isRefused(back('base'), 'contentChanged');
    assert.deepEqual(await found(vm), ['contentChanged']);
    // The very content of then, with its time: that is what it was.
    await copyFile(`${file}.kept`, file);
    await utimes(file, old.atime, new Date(old.mtimeMs));
    await vm.run(back('base'));
  });

  it('is known where somebody merged past it', async () => {
    const vm = await GuestVm.define(r, 'past');
    await vm.power('start');
    await vm.grow('bottom', 'middle');
    await vm.power('forceOff');
    const { file } = vm.vm.guest.disks[0]!;
    await runOk('qemu-img', ['commit', '-q', '-f', 'qcow2', '-b', file, file.replace(/\.[^.]*$/u, '.middle.qcow2')]);
    await vm.isRefused(back('bottom'), 'contentChanged');
    await vm.isRefused(back('middle'), 'contentChanged');
    assert.deepEqual(await found(vm), ['contentChanged', 'contentChanged']);
  });

  it('is known by its blocks: rewritten in place, with the size, the tables and the time of before', async () => {
    const vm = await GuestVm.define(r, 'rewritten', { disks: ['raw', 'qcow2'] });
    const disks = vm.vm.guest.disks.map(({ file, format }) => ({ file, format }));
    const fill = (format: string, file: string, pattern: number) =>
      runOk('qemu-io', ['-f', format, '-c', `write -P ${pattern} 0 64k`, file]);
    for (const { file, format } of disks) {
      await fill(format, file, 7);
    }
    await vm.create('base');
    for (const { file, format } of disks) {
      const old = await stat(file);
      await runOk('cp', ['-p', file, `${file}.kept`]);
      await fill(format, file, 8);
      await utimes(file, old.atime, new Date(old.mtimeMs));
      assert.equal((await stat(file)).size, old.size);
      await vm.isRefused(back('base'), 'contentChanged');
      await runOk('cp', ['-p', '--sparse=always', `${file}.kept`, file]);
      // The person who restored the content vouches for it: any writer can give a file its time.
      await runOk('touch', ['-d', new Date(old.mtimeMs).toISOString(), file]);
    }
    await vm.run(back('base'));
  });

  it('takes no merge where another file stands in its place, until the snapshots over it are forgotten', async () => {
    const vm = await GuestVm.define(r, 'swapped');
    const { file } = vm.vm.guest.disks[0]!;
    await vm.create('base');
    await vm.create('top');
    const told = JSON.parse(await runOk('qemu-img', ['info', '--output=json', file])) as { 'virtual-size': number };
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', `${file}.new`, String(told['virtual-size'])]);
    await runOk('qemu-io', ['-c', 'write -P 7 0 64k', `${file}.new`]);
    await copyFile(`${file}.new`, file);
    const replaced = await readFile(file);
    for (const snapshot of ['base', 'top']) {
      await vm.isRefused({ kind: 'delete', snapshot, scope: 'one' }, 'contentChanged');
    }
    await vm.isRefused({ kind: 'prune', snapshots: ['base'] }, 'contentChanged');
    await vm.isRefused({ kind: 'consolidate' }, 'contentChanged');
    assert.deepEqual(await readFile(file), replaced);
    await vm.repair('contentChanged');
    await vm.repair('contentChanged');
    assert.deepEqual(await found(vm), []);
    // Nobody vouches for the file any more: who wants the layers merged into it has them merged.
    await vm.run({ kind: 'consolidate' });
  });

  it('is what our own merges make of it, and those of libvirt for another client', async () => {
    const vm = await GuestVm.define(r, 'merged');
    await vm.power('start');
    await vm.grow('one', 'two', 'three', 'four', 'five');
    await vm.run({ kind: 'delete', snapshot: 'two', scope: 'one' });
    vm.model = vm.model.deleted('two', 'one');
    assert.deepEqual(await found(vm), []);
    await vm.virsh('snapshot-delete', 'four');
    await r.engine.refresh({ vm: vm.ref });
    vm.model = vm.model.deleted('four', 'one');
    assert.deepEqual(await found(vm), []);
    for (const snapshot of ['five', 'one', 'three']) {
      await vm.run(back(snapshot));
      vm.model = vm.model.reverted(snapshot, 'off');
    }
    await vm.holdsAll();
  });

  it('is told of where another VM writes into it, of both, and before that one starts', async () => {
    const own = await GuestVm.define(r, 'frozen');
    const disk = own.vm.guest.disks[0]!.file;
    await own.create('base');
    const other = await defineDiskVm(r, 'writer', [{ file: disk, format: 'qcow2' }]);
    const ref = await r.ref(other);
    const told = async (of: VmRef): Promise<readonly string[]> =>
      (await r.engine.examine(of)).diagnoses.flatMap(({ problem }) =>
        problem.kind === 'frozenFileShared' ? [`${problem.writer} ${problem.owner} ${problem.title}`] : [],
      );
    assert.deepEqual(await told(own.ref), ['writer frozen base']);
    assert.deepEqual(await told(ref), ['writer frozen base']);
    const [start] = await r.engine.decide([{ kind: 'power', vm: ref, action: 'start' }]);
    assert.ok(start.decision.kind === 'plan', JSON.stringify(start.decision));
    const above = disk.replace(/\.[^./]*$/u, '.base.qcow2');
    assert.deepEqual(start.decision.losses, [
      { kind: 'unusedOverlays', files: [above] },
      { kind: 'restorePoints', names: ['base (frozen)'] },
    ]);
    // It has not run yet: all is as it was.
    await own.run(back('base'));
    await r.engine.runOperation({ kind: 'power', vm: ref, action: 'start' });
    await own.isRefused(back('base'), 'writtenByOther');
    await r.virsh('destroy', other);
    await runOk('qemu-io', ['-c', 'write 0 64k', disk]);
    await own.isRefused(back('base'), 'contentChanged');
    // Without a record nobody vouches for the content, as long as that VM exists.
    await rm(join(r.daemon.dir, 'journal', 'frozen'), { recursive: true });
    await own.isRefused(back('base'), 'writtenByOther');
  });
});
