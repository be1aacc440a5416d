// Every kind of step on real guests: what comes of it is looked at inside the guest and through virsh.
import assert from 'node:assert/strict';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import type { Hypervisor, VmEvent } from '../../src/driver/hypervisor.js';
import { element } from '../../src/driver/xml/xmlTree.js';
import { Failure } from '../../src/domain/failure.js';
import { writeDescription } from '../../src/domain/description.js';
import {
  defineDeafGuest,
  failure,
  type Guest,
  type HypervisorRig,
  startHypervisorRig,
  Subject,
} from './hypervisorRig.js';
import { qemuProcesses } from '../qemuProcesses.js';
import { goOnSlowly, noteMonitors, stopWhileWriting } from './stoppedQemu.js';

describe('steps on real guests', () => {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let events: VmEvent[];

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
    hypervisor.onDidChangeVm((event) => events.push(event));
  });
  beforeEach(() => {
    events = [];
  });
  after(() => rig.stop());

  describe('in the internal style, with a CD-ROM beside the disk', () => {
    let guest: Guest;
    let subject: Subject;

    before(async () => {
      guest = await defineTestGuest(rig.daemon, { name: 'inner', disks: ['qcow2', 'cdrom'] });
      subject = await Subject.named(hypervisor, 'inner');
    });
    after(() => guest.remove());

    it('takes an offline snapshot', async () => {
      const vm = await subject.read();
      assert.deepEqual(await subject.createOf(vm, 'offline', { description: 'off <&> off' }), {});
      const snapshot = await subject.snapshot('offline');
      assert.deepEqual(
        [snapshot.kind, snapshot.style, snapshot.state, snapshot.description],
        ['offline', 'internal', 'off', 'off <&> off'],
      );
      assert.deepEqual(
        snapshot.disks.map(({ target, location }) => [target, location]),
        [
          ['vda', 'internal'],
          ['sda', 'no'],
        ],
      );
    });

    it('starts, and the agent comes', async () => {
      await subject.power('start');
      await guest.waitForAgent();
      const vm = await subject.read();
      assert.deepEqual([vm.power, vm.agentChannel, vm.agentConnected], ['running', true, true]);
      assert.ok(events.some(({ kind: what, name }) => what === 'power' && name === 'inner'));
    });

    it('takes a memory snapshot and tells how long the guest stood still', async () => {
      await guest.setCounters(41);
      const vm = await subject.read();
      const before = hypervisor.callCount;
      const { guestPausedMs } = await subject.createOf(vm, 'memory', { snapshotKind: 'memory' });
      // Whether the VM is on, and the snapshot.
      assert.equal(hypervisor.callCount - before, 2, 'nothing is asked while it runs');
      assert.ok(guestPausedMs !== undefined && guestPausedMs > 0, String(guestPausedMs));
      const snapshot = await subject.snapshot('memory');
      assert.deepEqual([snapshot.kind, snapshot.state, snapshot.parent], ['memory', 'running', 'offline']);
      assert.equal((await subject.read()).power, 'running');
    });

    it('brings back RAM and disk of a running guest', async () => {
      await guest.setCounters(99);
      await subject.revert('memory');
      assert.equal((await subject.read()).power, 'running');
      await guest.waitForAgent();
      const { memory, disk } = await guest.counters();
      assert.deepEqual([memory, disk], [41, 41]);
      assert.ok(events.some(({ kind: what }) => what === 'fromSnapshot'));
    });

    it('takes a snapshot of a paused guest, which does not pause it', async () => {
      await subject.power('pause');
      assert.deepEqual(await subject.create('paused'), {});
      assert.equal((await subject.snapshot('paused')).state, 'paused');
      const vm = await subject.read();
      assert.equal(vm.power, 'paused');
      await subject.power('resume');
      assert.equal((await subject.read()).power, 'running');
    });

    it('reverts into each state that is asked for', async () => {
      const states: string[] = [];
      for (const [name, to] of [
        ['paused', 'asSnapshot'],
        ['paused', 'running'],
        ['memory', 'paused'],
        ['offline', 'asSnapshot'],
        ['offline', 'paused'],
        ['memory', 'running'],
      ] as const) {
        await subject.revert(name, to);
        const vm = await subject.read();
        states.push(vm.power);
      }
      assert.deepEqual(states, ['paused', 'running', 'paused', 'off', 'paused', 'running']);
      await guest.waitForAgent();
      assert.equal((await guest.counters()).memory, 41);
    });

    it('edits a description without losing anything: the current one stays, the content too', async () => {
      const before = await hypervisor.readTree(subject.uuid);
      const xml = await hypervisor.readSnapshotXml(subject.uuid, 'memory');
      const text = writeDescription('an <edited> one', { title: 'Title & "quotes"', guestPausedMs: 143 });
      await subject.run({ kind: 'describeSnapshot', snapshot: 'memory', description: text });
      const after = await hypervisor.readTree(subject.uuid);
      const edited = await subject.snapshot('memory');
      assert.deepEqual([edited.title, edited.description], ['Title & "quotes"', 'an <edited> one']);
      assert.deepEqual([after.current, before.current], ['memory', 'memory']);
      const withoutText = ({ snapshots }: typeof before): unknown =>
        snapshots.map((snapshot) => ({ ...snapshot, title: '', description: '', trailers: {} }));
      assert.deepEqual(withoutText(after), withoutText(before));
      const body = (whole: string): string => whole.slice(whole.indexOf('<domain '));
      assert.equal(body(await hypervisor.readSnapshotXml(subject.uuid, 'memory')), body(xml));
      await guest.setCounters(7);
      await subject.revert('memory');
      await guest.waitForAgent();
      assert.equal((await guest.counters()).memory, 41);
    });

    it('takes the description away', async () => {
      await subject.run({ kind: 'describeSnapshot', snapshot: 'offline', description: '' });
      const { description, title } = await subject.snapshot('offline');
      assert.deepEqual([description, title], ['', 'offline']);
    });

    it('refuses a name that is taken, and says that it is', async () => {
      await assert.rejects(subject.create('memory'), failure('exists'));
      assert.equal((await subject.read()).power, 'running');
    });

    it('deletes one and leaves its child to its parent', async () => {
      await subject.delete('memory');
      const tree = await hypervisor.readTree(subject.uuid);
      assert.deepEqual(
        new Map(tree.snapshots.map(({ name, parent }) => [name, parent])),
        new Map([
          ['offline', undefined],
          ['paused', 'offline'],
        ]),
      );
      assert.equal(tree.current, 'offline');
    });

    it('deletes what is left, leaf first', async () => {
      for (const name of ['paused', 'offline']) {
        await subject.delete(name);
      }
      assert.deepEqual(await hypervisor.readTree(subject.uuid), { snapshots: [] });
      assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
      assert.equal((await subject.read()).power, 'running');
    });

    it('does not find what is gone', async () => {
      await assert.rejects(subject.delete('memory'), failure('notFound'));
      await assert.rejects(subject.revert('memory'), failure('notFound'));
      await assert.rejects(
        subject.run({ kind: 'describeSnapshot', snapshot: 'memory', description: 'x' }),
        failure('notFound'),
      );
      assert.deepEqual(await hypervisor.readSnapshots(subject.uuid, ['memory']), []);
      assert.equal((await subject.read()).power, 'running', 'a revert to nothing leaves the guest alone');
    });

    it('restarts: the guest boots again and the step ends when it does', async () => {
      const { boot = 0 } = await guest.counters();
      await subject.power('restart');
      await guest.waitForAgent();
      assert.equal((await guest.counters()).boot, boot + 1);
    });

    it('shuts down, and ends when it is off', async () => {
      await subject.power('shutDown');
      const vm = await subject.read();
      assert.equal(vm.power, 'off');
    });

    it('is switched off', async () => {
      await subject.power('start');
      await subject.power('forceOff');
      assert.equal(await guest.state(), 'shut off');
    });

    it('is not started when it runs, nor paused when it is off', async () => {
      await assert.rejects(subject.power('pause'), failure('failed'));
      await subject.power('start');
      await assert.rejects(subject.power('start'), failure('failed'));
    });
  });

  describe('in the external style, with a raw disk', () => {
    let guest: Guest;
    let subject: Subject;
    const overlay = (name: string, disk: number): string => `${rig.daemon.dir}/outer-${disk}.${name}`;
    const files = (name: string): { readonly target: string; readonly file: string }[] => [
      { target: 'vda', file: overlay(name, 0) },
      { target: 'vdb', file: overlay(name, 1) },
    ];

    before(async () => {
      guest = await defineTestGuest(rig.daemon, { name: 'outer', disks: ['qcow2', 'raw'] });
      subject = await Subject.named(hypervisor, 'outer');
    });
    after(() => guest.remove());

    it('refuses an internal one because of the raw disk', async () => {
      await assert.rejects(subject.create('inside'), failure('unsupported'));
    });

    it('takes an offline one', async () => {
      await subject.create('offline', { style: 'external', disks: files('offline') });
      const snapshot = await subject.snapshot('offline');
      assert.deepEqual([snapshot.kind, snapshot.style, snapshot.state], ['offline', 'external', 'off']);
      assert.equal(snapshot.disks[0]?.file, overlay('offline', 0));
      const { disks: frozen } = await hypervisor.readFrozen(subject.uuid, 'offline');
      assert.deepEqual(
        frozen.map(({ source, format }) => [source, format]),
        [
          [guest.disks[0], 'qcow2'],
          [guest.disks[1], 'raw'],
        ],
      );
    });

    it('takes a quiesced disk-only one of a running guest', async () => {
      await guest.start();
      await guest.setCounters(5);
      const outcome = await subject.create('disk', {
        snapshotKind: 'disk',
        style: 'external',
        quiesce: true,
        disks: files('disk'),
      });
      assert.deepEqual(outcome, {}, 'too short to see');
      const snapshot = await subject.snapshot('disk');
      assert.deepEqual([snapshot.kind, snapshot.style, snapshot.state], ['disk', 'external', 'disk-snapshot']);
      const vm = await subject.read();
      assert.equal(vm.disks[0]?.source, overlay('disk', 0));
      assert.deepEqual(vm.disks[0].backing, [overlay('offline', 0), guest.disks[0]]);
    });

    it('takes one with the memory in a file', async () => {
      const memoryFile = `${rig.daemon.dir}/outer.memory.mem`;
      const { guestPausedMs } = await subject.create('memory', {
        style: 'external',
        disks: files('memory'),
        memoryFile,
      });
      assert.ok(guestPausedMs !== undefined && guestPausedMs > 0);
      const snapshot = await subject.snapshot('memory');
      assert.deepEqual(snapshot.memory, { location: 'external', file: memoryFile });
      assert.equal(snapshot.kind, 'memory');
    });

    it('leaves one disk out', async () => {
      await subject.create('half', { snapshotKind: 'disk', style: 'external', disks: files('half').slice(0, 1) });
      const { disks } = await subject.snapshot('half');
      assert.deepEqual(
        disks.map(({ target, location }) => [target, location]),
        [
          ['vda', 'external'],
          ['vdb', 'no'],
        ],
      );
      assert.equal((await subject.read()).disks[1]?.source, overlay('memory', 1));
    });

    it('reverts where this libvirt can, and is told so where it cannot', async () => {
      if (hypervisor.capabilities.externalRevert) {
        await subject.revert('disk', 'running');
      } else {
        await assert.rejects(subject.revert('disk'), failure('unsupported'));
      }
      assert.equal((await subject.read()).power, 'running');
    });

    it('tells of block jobs', async () => {
      assert.deepEqual(await hypervisor.readBlockJobs(await subject.read()), []);
      // As slow as it can be, so that the job is still there when it is asked for.
      await rig.virsh('blockpull', 'outer', 'vda', '--bandwidth', '1', '--bytes');
      assert.deepEqual(await hypervisor.readBlockJobs(await subject.read()), ['vda']);
      await assert.rejects(subject.delete('half'), (error) => failure('unsupported')(error));
      await rig.virsh('blockjob', 'outer', 'vda', '--abort');
      assert.deepEqual(await hypervisor.readBlockJobs(await subject.read()), []);
    });

    it('merges on deletion: the data stays', async () => {
      for (const name of ['half', 'memory', 'disk', 'offline']) {
        await subject.delete(name);
      }
      assert.deepEqual(await hypervisor.readTree(subject.uuid), { snapshots: [] });
      const vm = await subject.read();
      assert.deepEqual([vm.disks[0]?.source, vm.disks[0]?.backing], [guest.disks[0], []]);
      // Where it was reverted to a snapshot without RAM, it may be booting still.
      await guest.waitForAgent();
      assert.equal((await guest.counters()).disk, 5);
    });
  });

  describe('without disks', () => {
    let guest: Guest;

    before(async () => {
      guest = await defineTestGuest(rig.daemon, { name: 'diskless', disks: [], agent: false });
    });
    after(() => guest.remove());

    it('is read, and refuses what it cannot do', async () => {
      const subject = await Subject.named(hypervisor, 'diskless');
      const vm = await subject.read();
      assert.deepEqual([vm.disks, vm.agentChannel, vm.power, vm.persistent], [[], false, 'off', true]);
      await assert.rejects(subject.create('nothing'), failure('unsupported'));
    });
  });

  it('a password in the configuration outlives a new description', async () => {
    const file = `${rig.daemon.dir}/secretive.qcow2`;
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '1M']);
    const name = await defineDeafGuest(rig.daemon, 'secretive', [
      element('disk', { type: 'file' }, [
        element('driver', { type: 'qcow2' }),
        element('source', { file }),
        element('target', { dev: 'vda' }),
      ]),
      element('graphics', { type: 'vnc', passwd: 'sesame' }),
    ]);
    const subject = await Subject.named(hypervisor, name);
    await subject.create('locked');
    await subject.run({ kind: 'describeSnapshot', snapshot: 'locked', description: 'other words' });
    assert.ok(!(await hypervisor.readSnapshotXml(subject.uuid, 'locked')).includes('sesame'));
    assert.match(await rig.virsh('snapshot-dumpxml', name, 'locked', '--security-info'), /passwd='sesame'/);
    await rig.virsh('undefine', name, '--snapshots-metadata');
  });

  describe('with a guest that does not do what it is asked for', () => {
    let subject: Subject;

    beforeEach(async () => {
      subject = await Subject.named(hypervisor, await defineDeafGuest(rig.daemon, 'deaf'));
      await subject.power('start');
    });
    afterEach(async () => {
      await rig.daemon.virsh(['destroy', 'deaf']);
      await rig.virsh('undefine', 'deaf');
    });

    for (const action of ['shutDown', 'restart'] as const) {
      it(`fails after a while to ${action}, and ends at once when nobody waits any longer`, async () => {
        const impatient = new Subject(await rig.open(rig.daemon.uri, 300), subject.uuid);
        const error = await impatient.power(action).then(
          () => assert.fail('it obeyed'),
          (reason: unknown) => reason,
        );
        assert.ok(error instanceof Failure && error.kind === 'failed');
        assert.deepEqual([error.details.stateNow, error.details.libvirtCode], ['running', undefined]);
        const abort = new AbortController();
        const cancelled = subject.power(action, { signal: abort.signal, onProgress: () => abort.abort() });
        await assert.rejects(cancelled, (reason: unknown) => {
          assert.ok(failure('cancelled')(reason));
          assert.equal((reason as Failure).details.mayStillHappen, true);
          return true;
        });
        assert.equal((await subject.read()).power, 'running');
      });
    }

    it('fails to restart one that is switched off meanwhile', async () => {
      const error = await subject
        .power('restart', { onProgress: () => void rig.daemon.virsh(['destroy', 'deaf']) })
        .then(
          () => assert.fail('it obeyed'),
          (reason: unknown) => reason,
        );
      assert.ok(error instanceof Failure && error.kind === 'failed');
      assert.equal(error.details.stateNow, 'off', 'not because time passed');
      assert.equal((await subject.read()).power, 'off');
    });
  });

  describe('cancelling of external memory', () => {
    let guest: Guest;
    let subject: Subject;

    before(async () => {
      guest = await defineTestGuest(rig.daemon, { name: 'slow', memoryMiB: 256 });
      subject = await Subject.named(hypervisor, 'slow');
      await guest.start();
      // What has been written to is what must be saved; zeros cost nothing.
      await guest.run('sh', ['-c', 'head -c 120000000 /dev/urandom > /run/fill']);
    });
    after(() => guest.remove());

    it('cancels it in libvirt, and nothing is left', async () => {
      const [qemu] = await qemuProcesses(rig.daemon, 'slow');
      const cancelled = async (name: string): Promise<unknown> => {
        const abort = new AbortController();
        const file = (what: string): string => `${rig.daemon.dir}/slow.${name}.${what}`;
        const request = {
          style: 'external' as const,
          disks: [{ target: 'vda', file: file('disk') }],
          memoryFile: file('mem'),
        };
        const untilSent = await noteMonitors(rig.daemon, name);
        // The save is cancelled while QEMU cannot end it.
        const { creating } = await stopWhileWriting(qemu!, () => ({
          creating: subject.create(name, request, { signal: abort.signal }).then(
            () => undefined,
            (error: unknown) => error,
          ),
        }));
        abort.abort();
        await goOnSlowly(qemu!, Promise.race([untilSent('migrate_cancel'), creating]));
        return creating;
      };
      let count = 0;
      let error = await cancelled('cancelled0');
      // On a busy machine QEMU may get more time than it should have had, and be faster than who cancels.
      while (error === undefined) {
        await subject.delete(`cancelled${count++}`);
        error = await cancelled(`cancelled${count}`);
      }
      assert.ok(failure('cancelled')(error));
      const vm = await subject.read();
      assert.equal(vm.power, 'running');
      assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
    });
  });
});
