// The RAM of a snapshot, in a file of its own or with its tag inside of an image, is what it was when we noted it: what
// somebody put in its place is given to nobody.
import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { cloneRequest } from '../../src/engine/clones.js';
import { forkVm } from '../../src/engine/forks.js';
import { Failure } from '../../src/domain/failure.js';
import { UndoLook } from '../../src/engine/undoLook.js';
import { GuestVm } from './guestVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('content that somebody put in the place of a snapshot’s', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const back = (snapshot: string, after: 'off' | 'running' = 'running') =>
    ({ kind: 'revert', snapshot, after, checkpointFirst: false }) as const;
  const found = async (vm: GuestVm): Promise<readonly string[]> =>
    (await vm.diagnoses())
      .map(({ problem }) => `${problem.kind} ${'snapshot' in problem ? problem.snapshot : ''}`)
      .toSorted();
  const altered = async (vm: GuestVm): Promise<readonly string[]> =>
    (await r.engine.examine(vm.ref)).readable.altered.toSorted();
  const refusalOf = async (work: () => Promise<unknown>): Promise<string> => {
    const failure = await work().then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(failure instanceof Failure, String(failure));
    return failure.details.refusal?.reason ?? failure.kind;
  };
  const ramOf = async (vm: GuestVm, snapshot: string): Promise<string> => {
    const { snapshots } = await r.engine.readTree(vm.ref);
    return snapshots.find(({ name }) => name === snapshot)!.memory.file!;
  };
  /** On, with two snapshots of its RAM. */
  const grown = async (name: string): Promise<{ vm: GuestVm; one: string; two: string }> => {
    const vm = await GuestVm.define(r, name);
    await vm.power('start');
    await vm.write();
    await vm.create('s1', 'memory');
    await vm.write();
    await vm.create('s2', 'memory');
    await vm.write();
    return { vm, one: await ramOf(vm, 's1'), two: await ramOf(vm, 's2') };
  };
  const swap = async (one: string, other: string): Promise<void> => {
    await rename(one, `${one}.kept`);
    await rename(other, one);
    await rename(`${one}.kept`, other);
  };
  /** What an earlier version wrote. */
  const withoutNew = async (): Promise<void> => {
    const folder = join(r.daemon.dir, 'journal', 'frozen');
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      interface Chain {
        target: string;
        tagAt?: number;
      }
      const notes = JSON.parse(await readFile(file, 'utf8')) as { snapshots: { chains: Chain[] }[] };
      for (const snapshot of notes.snapshots) {
        snapshot.chains = snapshot.chains.filter(({ target }) => target !== 'memory');
        snapshot.chains.forEach((chain) => delete chain.tagAt);
      }
      await writeFile(file, JSON.stringify(notes));
    }
  };

  it('is RAM that was swapped: nobody takes it, and swapped back it is what it was', async () => {
    const { vm, one, two } = await grown('swapped');
    await swap(one, two);
    for (const snapshot of ['s1', 's2']) {
      await vm.isRefused(back(snapshot), 'contentChanged');
      await vm.isRefused({ kind: 'delete', snapshot, scope: 'one' }, 'contentChanged');
      assert.equal(await refusalOf(() => forkVm(r.engine, vm.ref, { snapshot })), 'contentChanged');
      const { vm: _, ...clone } = cloneRequest(r.engine, vm.ref, { snapshot, way: 'full' });
      await vm.isRefused(clone, 'contentChanged');
    }
    await vm.isRefused({ kind: 'prune', snapshots: ['s1'] }, 'contentChanged');
    assert.deepEqual(await found(vm), ['contentChanged s1', 'contentChanged s2']);
    assert.deepEqual(await altered(vm), ['s1', 's2']);
    await swap(one, two);
    assert.deepEqual(await found(vm), []);
    for (const snapshot of ['s1', 's2', 's1']) {
      await vm.revert(snapshot, 'running');
    }
    assert.deepEqual(await found(vm), []);
    await vm.holdsAll();
  });

  it('is RAM that was copied over another: that one keeps its disks, and the other is whole', async () => {
    const { vm, one, two } = await grown('copied');
    await runOk('cp', ['-p', one, two]);
    await vm.isRefused(back('s2'), 'contentChanged');
    assert.deepEqual(await found(vm), ['contentChanged s2']);
    await vm.repair('contentChanged');
    assert.deepEqual(await found(vm), []);
    const { snapshots } = await r.engine.readTree(vm.ref);
    assert.deepEqual(snapshots.map(({ title, kind }) => `${title} ${kind}`).toSorted(), ['s1 memory', 's2 disk']);
    await vm.run(back('s1'));
  });

  /** What `virsh snapshot-edit` does: its RAM is in another file from now on, as its metadata say. */
  const nameRam = async (vm: GuestVm, snapshot: string, from: string, to: string): Promise<void> => {
    const xml = await vm.virsh('snapshot-dumpxml', snapshot, '--security-info');
    assert.ok(xml.includes(from), xml);
    await withXmlFile(xml.replaceAll(from, to), (file) => vm.virsh('snapshot-create', file, '--redefine'));
    await r.engine.refresh({ vm: vm.ref });
  };

  it('is RAM of another snapshot that a redefinition names: nobody takes it, and its own is no leftover', async () => {
    const { vm, one, two } = await grown('renamed');
    await nameRam(vm, 's1', one, two);
    for (const looks of [1, 2]) {
      assert.deepEqual(await found(vm), ['contentChanged s1'], String(looks));
      assert.deepEqual(await altered(vm), ['s1']);
      await vm.isRefused(back('s1'), 'contentChanged');
      for (const snapshot of ['s1', 's2']) {
        await vm.isRefused({ kind: 'delete', snapshot, scope: 'one' }, 'contentChanged');
      }
    }
    await vm.revert('s2', 'running');
    await vm.holdsAll();
    await nameRam(vm, 's1', two, one);
    assert.deepEqual(await found(vm), []);
    await vm.revert('s1', 'running');
    await vm.holdsAll();
    await nameRam(vm, 's1', one, two);
    await vm.repair('contentChanged');
    await vm.run(back('s2'));
  });

  it('is RAM that two snapshots name, of which nothing was noted', async () => {
    const { vm, one, two } = await grown('unnoted');
    await withoutNew();
    await nameRam(vm, 's1', one, two);
    assert.deepEqual(await found(vm), ['contentChanged s1', 'contentChanged s2']);
    for (const snapshot of ['s1', 's2']) {
      await vm.isRefused(back(snapshot), 'contentChanged');
      await vm.isRefused({ kind: 'delete', snapshot, scope: 'one' }, 'contentChanged');
    }
    await nameRam(vm, 's1', two, one);
    assert.deepEqual(await found(vm), []);
    await vm.revert('s1', 'running');
    await vm.holdsAll();
  });

  it('is not RAM that was moved with its time, and named in its new place', async () => {
    const { vm, one } = await grown('moved');
    const { atime, mtimeMs } = await stat(one);
    await rename(one, `${one}.moved`);
    await nameRam(vm, 's1', one, `${one}.moved`);
    assert.deepEqual(await found(vm), []);
    await vm.revert('s1', 'running');
    await vm.holdsAll();
    await utimes(`${one}.moved`, atime, new Date(mtimeMs + 60_000));
    await vm.isRefused(back('s1'), 'contentChanged');
  });

  it('is RAM with another time, until it has its own again', async () => {
    const { vm, one } = await grown('touched');
    const { atime, mtimeMs } = await stat(one);
    await copyFile(one, `${one}.copy`);
    await rename(`${one}.copy`, one);
    await vm.isRefused(back('s1'), 'contentChanged');
    await utimes(one, atime, new Date(mtimeMs));
    await vm.revert('s1', 'running');
    await vm.holdsAll();
  });

  it('is not told of RAM that an earlier version noted nothing of, until it is noted', async () => {
    const { vm, one, two } = await grown('upgraded');
    await withoutNew();
    assert.deepEqual(await found(vm), []);
    await swap(one, two);
    await vm.isRefused(back('s1'), 'contentChanged');
    await swap(one, two);
    await withoutNew();
    // The next operation notes it, though it has nothing to do with that one.
    await vm.create('s3');
    await swap(one, two);
    await vm.isRefused(back('s2'), 'contentChanged');
  });

  for (const kind of ['offline', 'memory'] as const) {
    it(`is a tag that was made anew, of a snapshot that is ${kind}: no revert goes to it`, async () => {
      const vm = await GuestVm.define(r, `tag-${kind}`);
      const { file } = vm.vm.guest.disks[0]!;
      if (kind === 'memory') {
        await vm.power('start');
      }
      await vm.create('s1', 'memory', 'internal');
      await vm.create('s2', 'memory', 'internal');
      if (kind === 'memory') {
        await vm.power('forceOff');
      }
      await runOk('qemu-img', ['snapshot', '-d', 's1', file]);
      await runOk('qemu-img', ['snapshot', '-c', 's1', file]);
      await vm.isRefused(back('s1', 'off'), 'tagMissing');
      const { vm: _, ...clone } = cloneRequest(r.engine, vm.ref, { snapshot: 's1', way: 'full' });
      await vm.isRefused(clone, 'tagMissing');
      assert.deepEqual(await found(vm), ['tagMissing s1']);
      assert.deepEqual(await altered(vm), ['s1']);
      await vm.run(back('s2', 'off'));
      await vm.repair('tagMissing');
      assert.deepEqual([...new Set(await found(vm))], ['orphanTag ']);
    });
  }

  it('is a tag that an undo would go back to', async () => {
    const vm = await GuestVm.define(r, 'undone');
    const { file } = vm.vm.guest.disks[0]!;
    await vm.create('s1', 'memory', 'internal');
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    const { checkpoint } = await vm.run({ kind: 'revert', snapshot: 's1', after: 'off', checkpointFirst: true });
    const way = (await UndoLook.at(r.engine, vm.ref)).next('undo')?.way;
    assert.ok(way?.kind === 'operation' && checkpoint !== undefined, JSON.stringify(way));
    await runOk('qemu-img', ['snapshot', '-d', checkpoint, file]);
    await runOk('qemu-img', ['snapshot', '-c', checkpoint, file]);
    assert.equal(await refusalOf(() => r.engine.runOperation(way.request)), 'tagMissing');
  });

  it('is a tag that a revert would have taken for its checkpoint', async () => {
    const vm = await GuestVm.define(r, 'spared');
    await vm.create('s1', 'memory', 'internal');
    await vm.create('s2', 'memory', 'internal');
    const { file } = vm.vm.guest.disks[0]!;
    await runOk('qemu-img', ['snapshot', '-d', 's2', file]);
    await runOk('qemu-img', ['snapshot', '-c', 's2', file]);
    const { checkpoint } = await vm.run({ kind: 'revert', snapshot: 's1', after: 'off', checkpointFirst: true });
    assert.ok(checkpoint !== undefined);
    const way = (await UndoLook.at(r.engine, vm.ref)).next('undo')?.way;
    assert.ok(way?.kind === 'operation', JSON.stringify(way));
    await r.engine.runOperation(way.request);
  });
});
