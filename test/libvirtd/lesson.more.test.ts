// The lesson on a real VM: every step by its own means and by another client's, and nothing of it left behind.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProgram } from '../../scripts/build.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { measureLayerCosts } from '../../src/qemu/layerCosts.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { Lesson } from '../../src/lesson/lesson.js';
import { firstMemory, standsOn } from '../../src/lesson/lessonFacts.js';
import { lesson as whole, lessonSteps } from '../ownLevel.js';
import { silentLog } from '../silentLog.js';
import { Failure } from '../../src/domain/failure.js';
import { cloneRequest, makeClone } from '../../src/engine/clones.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('the lesson', () => {
  let rig: LiveRig;
  let lesson: Lesson;
  let guest: string;

  before(async () => {
    rig = await startLiveRig();
    // Where lessons put their folders: in the common one, those of other tests come and go.
    process.env['TMPDIR'] = join(rig.daemon.dir, 'lessons');
    await mkdir(tmpdir());
    guest = join(rig.daemon.dir, 'lesson.bin');
    await runOk('nasm', ['-f', 'bin', '-o', guest, join(root, 'scripts/guest/oracle.asm')]);
    const { engine } = rig;
    lesson = new Lesson({
      engine,
      log: silentLog,
      guest,
      perform: (request) => engine.runOperation(request),
      measure: (folder, depths) => measureLayerCosts(folder, depths, rig.daemon.env),
    });
  });
  const usual = process.env['TMPDIR'];
  after(async () => {
    if (usual === undefined) {
      delete process.env['TMPDIR'];
    } else {
      process.env['TMPDIR'] = usual;
    }
    await lesson.end();
    lesson.dispose();
    await rig.stop();
  });

  const vms = async (): Promise<readonly string[]> =>
    (await rig.virsh('list', '--all', '--name')).split('\n').filter((name) => name !== '');
  const folders = async (): Promise<readonly string[]> =>
    (await readdir(tmpdir())).filter((name) => name.startsWith('virt-rewind-lesson-'));
  const at = (): string => lessonSteps[lesson.view!.state.at]!.id!;
  const doStep = async (): Promise<void> => {
    await lesson.next();
    const { failure, state } = lesson.view!;
    assert.equal(failure, undefined, `${at()}: ${String(failure?.message)} ${JSON.stringify(failure?.details)}`);
    assert.equal(state.phase, 'done', at());
  };
  /** A look while the VM is busy asks the guest nothing. */
  const ticksSeen = async (): Promise<number> => {
    for (;;) {
      await lesson.look();
      const { ticks } = lesson.view!.facts;
      if (ticks !== undefined) {
        return ticks;
      }
    }
  };
  /** Does everything up to a step, which is shown then. */
  const upTo = async (id: string): Promise<void> => {
    while (at() !== id) {
      if (lesson.view!.state.phase === 'waiting') {
        await doStep();
      }
      await lesson.next();
    }
  };

  it('is not given where it cannot be, and makes nothing there', async () => {
    const { demoVms } = rig.engine;
    assert.equal(await demoVms.obstacle(rig.uri, guest), undefined);
    assert.equal(await demoVms.obstacle(rig.uri, join(rig.daemon.dir, 'no-such-file')), 'noGuest');
    const driver = new Engine({ open: libvirtHypervisor(silentLog, rig.daemon.env), log: silentLog });
    const { testUri } = rig.daemon;
    driver.setConnections([testUri]);
    assert.equal(await driver.demoVms.obstacle(testUri, guest), 'notQemu');
    driver.dispose();
    assert.deepEqual(await vms(), []);
    assert.deepEqual(await folders(), []);
  });

  it('leaves nothing when its VM cannot be made', async () => {
    await assert.rejects(rig.engine.demoVms.make(rig.uri, '/no/such/file'), Failure);
    assert.deepEqual([await vms(), await folders()], [[], []]);
    assert.deepEqual(await rig.engine.demoVms.readLeftDemoVms(), []);
  });

  it('goes through all of its steps, and each does what it says', async () => {
    await lesson.start(rig.uri, whole);
    assert.equal(lesson.view!.facts.power, 'off');
    const base = (): number => lesson.view!.facts.files.find(({ kind }) => kind === 'base')!.bytes;
    const empty = base();

    await upTo('writeBase');
    assert.equal(lesson.view!.facts.power, 'running');
    assert.ok(lesson.view!.facts.ticks !== undefined);
    await doStep();
    await lesson.next();
    assert.ok(base() >= empty + 8 * 1024 * 1024, 'the base grows');

    assert.equal(at(), 'memory');
    assert.match(lesson.view!.virsh ?? '', /snapshot-create-as/);
    // Counted before the RAM was kept, so that what goes on from there has counted at least as far.
    const ticks = await ticksSeen();
    await doStep();
    const grown = base();
    await lesson.next();
    assert.equal(at(), 'writeDelta');
    await doStep();
    const delta = lesson.view!.facts.files.find(({ kind, inUse }) => kind === 'delta' && inUse === true)!;
    assert.ok(delta.bytes >= 8 * 1024 * 1024, 'half a megabyte of writes takes whole clusters');
    assert.equal(base(), grown, 'the base is frozen');
    await lesson.next();

    await upTo('revert');
    const first = firstMemory(lesson.view!.facts)!;
    assert.ok(first.trailers.guestPausedMs !== undefined, 'the pause was measured');
    await doStep();
    assert.equal(standsOn(lesson.view!.facts)!.name, first.name);
    assert.ok((await ticksSeen()) >= ticks, 'the guest goes on from its old RAM');
    await lesson.next();

    await upTo('merge');
    assert.ok(lesson.view!.facts.snapshots.filter(({ parent }) => parent === first.name).length >= 2, 'a branch');
    await doStep();
    await lesson.next();

    await upTo('offline');
    const { costs } = lesson.view!;
    assert.deepEqual(
      costs.map(({ layers }) => layers),
      [0, 1, 8],
    );
    assert.ok(costs.every(({ read, firstWrite, nextWrite }) => read > 0 && firstWrite > 0 && nextWrite > 0));
    assert.ok(!(await readdir(lesson.view!.vm.folder)).includes('measured'));
    await upTo('end');
    const { folder, name } = lesson.view!.vm;
    assert.ok(existsSync(folder));
    await lesson.next();
    assert.equal(lesson.view, undefined);
    assert.ok(!existsSync(folder));
    assert.ok(!(await vms()).includes(name));
    assert.deepEqual(await rig.engine.demoVms.readLeftDemoVms(), []);
    assert.equal(rig.engine.findVms(name, rig.uri).length, 0);
  });

  it('sees what the learner does by other means, and waits for nothing else', async () => {
    await lesson.start(rig.uri, whole);
    await upTo('memory');
    const { name } = lesson.view!.vm;
    const { state } = lesson.view!;
    assert.equal(state.phase, 'waiting');
    rig.show({ connection: rig.uri, uuid: lesson.view!.vm.uuid });
    const done = new Promise<void>((resolve) => {
      const listening = lesson.onDidChange(() => {
        if (lesson.view?.state.phase === 'done') {
          listening.dispose();
          resolve();
        }
      });
    });
    await rig.virsh('snapshot-create-as', name, 'disk-only', '--disk-only');
    await rig.until(() => rig.vm(name)?.tree?.snapshots.length === 1);
    const folder = lesson.view!.vm.folder;
    await rig.virsh('snapshot-create-as', name, 'with-ram', '--memspec', `file=${join(folder, 'ram.mem')}`);
    await done;
    assert.equal(firstMemory(lesson.view!.facts)!.name, 'with-ram');
    await lesson.back();
    assert.equal(at(), 'writeBase');
    await lesson.next();
    assert.equal(at(), 'memory');
    rig.hide();
  });

  it('takes a snapshot inside the image for what it is, takes it away by a key and goes on', async () => {
    await lesson.start(rig.uri, whole);
    await upTo('memory');
    const { name } = lesson.view!.vm;
    await rig.virsh('snapshot-create-as', name, 'mine');
    await rig.engine.refresh({ vm: { connection: rig.uri, uuid: lesson.view!.vm.uuid } });
    await lesson.look();
    const inside = (): readonly string[] => lesson.view!.inside.map((one) => one.name);
    assert.deepEqual([inside(), lesson.view!.state.phase], [['mine'], 'waiting']);
    await lesson.next();
    assert.deepEqual([inside(), lesson.view!.state.phase, lesson.view!.failure], [[], 'waiting', undefined]);
    assert.equal((await rig.virsh('snapshot-list', name, '--name')).trim(), '');
    await doStep();
    assert.equal(firstMemory(lesson.view!.facts)?.style, 'external');
  });

  it('begins anew with another VM, and the old one is gone', async () => {
    const { name, folder } = lesson.view!.vm;
    await lesson.start(rig.uri, whole);
    assert.notEqual(lesson.view!.vm.name, name);
    assert.ok(!existsSync(folder));
    assert.deepEqual(await vms(), [lesson.view!.vm.name]);
    assert.equal(lesson.view!.state.at, 0);
  });

  it('tells what it could not do, and can be asked again', async () => {
    await upTo('start');
    const disk = join(lesson.view!.vm.folder, 'base.qcow2');
    await runOk('mv', [disk, `${disk}.away`]);
    await lesson.next();
    assert.equal(lesson.view!.state.phase, 'failed');
    assert.ok(lesson.view!.failure instanceof Failure);
    await runOk('mv', [`${disk}.away`, disk]);
    await doStep();
    await lesson.end();
  });

  it('leaves its VM where another VM stands on its disk, or a clone has a snapshot of somebody', async () => {
    const { engine } = rig;
    for (const uses of ['disk', 'clone'] as const) {
      await lesson.start(rig.uri, whole);
      const { vm } = lesson.view!;
      const ref = { connection: rig.uri, uuid: vm.uuid };
      const overlay = join(rig.daemon.dir, `${uses}.qcow2`);
      const names = [vm.name];
      if (uses === 'disk') {
        const base = join(vm.folder, 'base.qcow2');
        await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, overlay]);
        await defineDiskVm(rig, 'standby', [{ file: overlay, format: 'qcow2' }]);
        names.push('standby');
      } else {
        const clone = await makeClone(engine, cloneRequest(engine, ref, {}));
        const { name } = engine.findVm(clone)!.vm;
        await rig.virsh('snapshot-create-as', name, 'mine', '--disk-only');
        names.push(name);
      }
      await lesson.end();
      assert.deepEqual((await vms()).toSorted(), names.toSorted());
      assert.ok(existsSync(join(vm.folder, 'base.qcow2')));
      assert.deepEqual(await engine.demoVms.readLeftDemoVms(), []);
      for (const name of names.toReversed()) {
        await rig.virsh('undefine', name, '--snapshots-metadata');
      }
      await engine.refresh({ connection: rig.uri });
      if (uses === 'clone') {
        // What nobody has defined any more still stands on its disk.
        await assert.rejects(
          engine.demoVms.remove(vm),
          (error) => error instanceof Failure && error.kind === 'refused',
        );
        await rm(vm.folder, { recursive: true });
      }
      await engine.demoVms.remove(vm);
    }
  });

  it('never removes a VM that only has its UUID, nor a folder that is not its own', async () => {
    const vm = await rig.engine.demoVms.make(rig.uri, guest);
    await rig.virsh('undefine', vm.name);
    const other = await rig.guest({ name: 'somebody-elses', disks: ['emptyQcow2'], agent: false });
    const xml = await rig.virsh('dumpxml', other.name);
    await rig.virsh('undefine', other.name);
    const file = join(rig.daemon.dir, 'other.xml');
    await writeFile(file, xml.replace(/<uuid>.*<\/uuid>/, `<uuid>${vm.uuid}</uuid>`));
    await rig.virsh('define', file);
    await assert.rejects(rig.engine.demoVms.remove(vm), (error: unknown) => {
      assert.ok(error instanceof Failure);
      return error.details.refusal?.reason === 'notOurVm';
    });
    assert.deepEqual(await vms(), [other.name]);
    assert.ok(existsSync(vm.folder));
    await rig.virsh('undefine', other.name);
    await rig.engine.demoVms.remove(vm);
    assert.ok(!existsSync(vm.folder));
    const strange = { ...vm, folder: rig.daemon.dir };
    await assert.rejects(rig.engine.demoVms.remove(strange), Failure);
    assert.ok(existsSync(rig.daemon.dir));
  });

  it('removes what an editor that died has left, at the next lesson', async () => {
    const program = await buildProgram('test/libvirtd/lessonCrash.ts', join(rig.daemon.dir, 'crash'));
    await runOk(process.execPath, [program, rig.uri, guest, join(rig.daemon.dir, 'journal')], {
      env: { ...process.env, ...rig.daemon.env },
    });
    const [left, ...others] = await rig.engine.demoVms.readLeftDemoVms();
    assert.ok(left !== undefined && others.length === 0);
    assert.ok((await vms()).includes(left.name) && existsSync(left.folder));
    await lesson.start(rig.uri, whole);
    assert.deepEqual(await vms(), [lesson.view!.vm.name]);
    assert.ok(!existsSync(left.folder));
    assert.deepEqual(await rig.engine.demoVms.readLeftDemoVms(), []);
    await lesson.end();
    assert.deepEqual([await vms(), await folders()], [[], []]);
  });
});
