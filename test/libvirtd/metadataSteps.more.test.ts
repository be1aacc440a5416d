// Steps on what libvirt knows of snapshots, and on a managed save, with a real daemon: nothing else may change by them.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { element } from '../../src/driver/xml/xmlTree.js';
import { Failure } from '../../src/domain/failure.js';
import type { Step } from '../../src/steps/step.js';
import { itRarely } from '../allRows.js';
import { cutOffDelete } from './faults/cutOffDelete.js';
import {
  defineDeafGuest,
  failure,
  type Guest,
  type HypervisorRig,
  startHypervisorRig,
  Subject,
} from './hypervisorRig.js';

describe('steps on metadata', () => {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let subject: Subject;
  const at = (name: string): string => join(rig.daemon.dir, name);
  const parents = async (): Promise<unknown> => {
    const { snapshots, current } = await hypervisor.readTree(subject.uuid);
    return [Object.fromEntries(snapshots.map(({ name, parent }) => [name, parent])), current];
  };
  /** As plans that broke off are taken up: each may have been done already. */
  const twice = async (step: Step): Promise<void> => {
    await subject.run(step);
    await subject.run(step);
  };
  const secure = (name: string): Promise<string> => rig.virsh('snapshot-dumpxml', 'kept', name, '--security-info');

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
  });
  after(() => rig.stop());
  beforeEach(async () => {
    const file = at('kept.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '1M']);
    await defineDeafGuest(rig.daemon, 'kept', [
      element('disk', { type: 'file' }, [
        element('driver', { type: 'qcow2' }),
        element('source', { file }),
        element('target', { dev: 'vda' }),
      ]),
      element('graphics', { type: 'vnc', passwd: 'sesame' }),
    ]);
    subject = await Subject.named(hypervisor, 'kept');
    for (const name of ['a', 'b', 'c']) {
      const disks = [{ target: 'vda', file: at(`kept.${name}`) }];
      await subject.create(name, { style: 'external', description: `of ${name}`, disks });
    }
  });
  afterEach(async () => {
    await rig.daemon.virsh(['destroy', 'kept']);
    await rig.virsh('undefine', 'kept', '--snapshots-metadata', '--managed-save');
    for (const name of ['a', 'b', 'c', '7']) {
      await hypervisor.files.remove(at(`kept.${name}`));
    }
  });

  it('rename one of the middle: its child follows, its files and passwords stay', async () => {
    const before = await secure('b');
    await twice({ kind: 'redefineAs', snapshot: 'b', name: 'new', description: 'of new' });
    assert.deepEqual(await parents(), [{ a: undefined, b: 'a', new: 'a', c: 'b' }, 'c']);
    await twice({ kind: 'reparent', snapshot: 'c', parent: 'new' });
    await twice({ kind: 'forgetSnapshot', snapshot: 'b' });
    assert.deepEqual(await parents(), [{ a: undefined, new: 'a', c: 'new' }, 'c']);
    const expected = before.replace('<name>b<', '<name>new<').replace('>of b<', '>of new<');
    assert.equal(await secure('new'), expected);
    assert.match(expected, /passwd='sesame'/);
    assert.ok(existsSync(at('kept.b')));
  });

  it('take no other snapshot for the one that was to be made, and make none of what is gone', async () => {
    const before = await secure('c');
    const step = { kind: 'redefineAs', snapshot: 'b', name: 'c', description: '' } as const;
    await assert.rejects(subject.run(step), failure('exists'));
    assert.equal(await secure('c'), before);
    await assert.rejects(subject.run({ ...step, snapshot: 'gone' }), failure('notFound'));
    await assert.rejects(subject.run({ kind: 'reparent', snapshot: 'b', parent: 'gone' }), failure('invalid'));
    await assert.rejects(subject.run({ kind: 'makeCurrent', snapshot: 'gone' }), failure('notFound'));
  });

  it('forget the current one: its parent is current then, and no file goes', async () => {
    await twice({ kind: 'forgetSnapshot', snapshot: 'c' });
    assert.deepEqual(await parents(), [{ a: undefined, b: 'a' }, 'b']);
    assert.ok(existsSync(at('kept.c')));
    assert.equal((await subject.read()).disks[0]?.source, at('kept.c'));
  });

  it('make another one current, with the overlay that the VM has from now on', async () => {
    await twice({ kind: 'makeCurrent', snapshot: 'b' });
    assert.deepEqual(((await parents()) as unknown[])[1], 'b');
    await twice({ kind: 'makeCurrent', snapshot: 'c', disks: [{ target: 'vda', file: at('kept.7') }] });
    const { current, snapshots } = await hypervisor.readTree(subject.uuid);
    const made = snapshots.find(({ name }) => name === 'c');
    assert.deepEqual([current, made?.disks[0]?.file, made?.description], ['c', at('kept.7'), 'of c']);
    assert.match(await secure('c'), /passwd='sesame'/);
    await assert.rejects(
      subject.run({ kind: 'makeCurrent', snapshot: 'c', disks: [{ target: 'vdz', file: at('kept.7') }] }),
      failure('failed'),
    );
  });

  it('are made for what libvirt leaves when it cannot write its own: a tag that it does not know', async () => {
    const name = 'n'.repeat(250);
    const error = await subject.create(name).then(
      () => assert.fail('it was taken'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Failure && error.kind === 'failed', String(error));
    assert.deepEqual(error.details.left, [{ kind: 'tag', file: at('kept.c'), tag: name }]);
    await twice({ kind: 'removeTag', file: at('kept.c'), tag: name });
    assert.equal(await runOk('qemu-img', ['snapshot', '-l', at('kept.c')]), '');
  });

  it('start paused, twice, and refuse what runs', async () => {
    await twice({ kind: 'startPaused' });
    assert.equal((await subject.read()).power, 'paused');
    await subject.power('resume');
    await assert.rejects(subject.run({ kind: 'startPaused' }), failure('failed'));
    assert.equal((await subject.read()).power, 'running');
  });

  it('let a managed save go, and the next start is a cold one', async () => {
    await subject.power('start');
    await rig.virsh('managedsave', 'kept');
    assert.ok((await subject.read()).managedSave);
    await twice({ kind: 'dropManagedSave' });
    assert.equal((await subject.read()).managedSave, false);
  });
});

describe('steps on RAM', () => {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let guest: Guest;
  let subject: Subject;
  const at = (name: string): string => join(rig.daemon.dir, name);

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
    guest = await defineTestGuest(rig.daemon, { name: 'ram', memoryMiB: 256 });
    subject = await Subject.named(hypervisor, 'ram');
    await guest.start();
  });
  after(() => rig.stop());

  it('bring that of a managed save back, and nothing runs', async () => {
    await guest.setCounters(17);
    await rig.virsh('managedsave', 'ram');
    await subject.run({ kind: 'startPaused' });
    await subject.run({ kind: 'startPaused' });
    const { power, managedSave } = await subject.read();
    assert.deepEqual([power, managedSave], ['paused', false]);
    await subject.power('resume');
    await guest.waitForAgent();
    assert.equal((await guest.counters()).memory, 17);
  });

  it('keep it while the guest runs on', async () => {
    const disks = [{ target: 'vda', file: at('ram-0.live') }];
    await subject.create('live', { style: 'external', live: true, disks, memoryFile: at('ram.live.mem') });
    const { kind, memory } = await subject.snapshot('live');
    assert.deepEqual([kind, memory.file], ['memory', at('ram.live.mem')]);
    assert.equal((await subject.read()).power, 'running');
  });

  it('are refused for a VM that has another name by now, before anything is started', async () => {
    await subject.power('forceOff');
    await rig.virsh('domrename', 'ram', 'other');
    const disks = [{ target: 'vda', file: at('ram-0.live') }];
    const step = { kind: 'restoreMemory', snapshot: 'live', file: at('ram.live.mem'), disks, to: 'running' } as const;
    await assert.rejects(subject.run(step), failure('failed'));
    assert.equal((await subject.read()).power, 'off');
    await rig.virsh('domrename', 'other', 'ram');
    await assert.rejects(subject.run({ ...step, file: at('gone.mem') }), failure('failed'));
  });

  itRarely('tell what a snapshot left in the image whose VM was ended meanwhile, unless it was faster', async () => {
    await subject.power('start');
    await guest.waitForAgent();
    await guest.run('sh', ['-c', 'head -c 40000000 /dev/urandom > /run/fill']);
    await subject.delete('live');
    const vm = await subject.read();
    const saving = new Promise<void>((resolve) => {
      hypervisor.onDidChangeVm(({ kind: what }) => (what === 'power' ? resolve() : undefined));
    });
    const creating = subject.createOf(vm, 'cut').then(
      () => undefined,
      (error: unknown) => error,
    );
    await saving;
    await subject.run({ kind: 'power', action: 'forceOff' });
    const error = await creating;
    const { source = '' } = (await subject.read()).disks[0] ?? {};
    const tags = await runOk('qemu-img', ['snapshot', '-l', source]);
    if (error === undefined) {
      // libvirt ended the VM after it had the snapshot, whole and known.
      assert.match(tags, /\bcut\b/);
      assert.equal(await hypervisor.countSnapshots(subject.uuid), 1);
      return;
    }
    assert.ok(error instanceof Failure);
    assert.deepEqual(
      error.details.left,
      /\bcut\b/.test(tags) ? [{ kind: 'tag', file: source, tag: 'cut' }] : undefined,
    );
    assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
    await subject.run({ kind: 'removeTag', file: source, tag: 'cut' });
    assert.doesNotMatch(await runOk('qemu-img', ['snapshot', '-l', source]), /\bcut\b/);
  });
});

describe('a delete that broke off', () => {
  itRarely('leaves marks, which are cleared; then it can be done', async () => {
    const rig = await startHypervisorRig();
    try {
      /**
       * Undefined where the merge had come to its end: libvirt may have left nothing that starts then, 9.0 and 11.3
       * have.
       */
      const cutOff = async (vm: string) => {
        const guest = await defineTestGuest(rig.daemon, { name: vm });
        const before = await Subject.named(await rig.open(), vm);
        await guest.start();
        for (const name of ['a', 'b']) {
          const disks = [{ target: 'vda', file: join(rig.daemon.dir, `${vm}.${name}`) }];
          await before.create(name, { snapshotKind: 'disk', style: 'external', disks });
          await guest.run('sh', ['-c', 'head -c 16000000 /dev/urandom > /data/x; sync']);
        }
        await guest.setCounters(23);
        const isCutOff = await cutOffDelete(rig.daemon, vm, 'a', () => before.delete('b').catch(failure('lost')));
        return isCutOff && existsSync(join(rig.daemon.dir, `${vm}.b`))
          ? { guest, subject: await Subject.named(await rig.open(), vm) }
          : undefined;
      };
      let half = await cutOff('half');
      for (let count = 1; half === undefined; count++) {
        half = await cutOff(`half${count}`);
      }
      const { guest, subject } = half;
      const marks = async (): Promise<unknown> =>
        (await Promise.all(['a', 'b'].map((name) => subject.snapshot(name)))).map((snapshot) =>
          snapshot.disks.map(({ deleteInProgress }) => deleteInProgress),
        );
      assert.deepEqual(await marks(), [[true], [false]]);
      await assert.rejects(subject.delete('a'));
      const before = await subject.hypervisor.readTree(subject.uuid);
      const step = { kind: 'clearUnfinishedDelete', snapshot: 'a' } as const;
      await subject.run(step);
      await subject.run(step);
      assert.deepEqual(await marks(), [[false], [false]]);
      assert.equal((await subject.hypervisor.readTree(subject.uuid)).current, before.current);
      await guest.start();
      await subject.delete('b');
      assert.equal((await guest.counters()).disk, 23);
    } finally {
      await rig.stop();
    }
  });
});
