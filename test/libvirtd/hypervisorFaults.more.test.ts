// What goes wrong under a call: the kind of failure, and the truth that is read afterwards.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import type { Hypervisor, VmEvent } from '../../src/driver/hypervisor.js';
import type { Failure } from '../../src/domain/failure.js';
import type { Vm } from '../../src/domain/vm.js';
import {
  defineDeafGuest,
  failure,
  type Guest,
  type HypervisorRig,
  startHypervisorRig,
  Subject,
} from './hypervisorRig.js';

/** Resolves with the next event that is so. */
function next(hypervisor: Hypervisor, isIt: (event: VmEvent) => boolean): Promise<VmEvent> {
  return new Promise((resolve) => {
    const listening = hypervisor.onDidChangeVm((event) => {
      if (isIt(event)) {
        listening.dispose();
        resolve(event);
      }
    });
  });
}

/** Reads the VM again at every event until it is so. */
async function until(subject: Subject, isSo: (vm: Vm) => boolean): Promise<Vm> {
  for (;;) {
    const changed = next(subject.hypervisor, ({ uuid }) => uuid === subject.uuid);
    const vm = await subject.read();
    if (isSo(vm)) {
      return vm;
    }
    await changed;
  }
}

/** The process of a guest of this daemon, by the name and the folder in its command line. */
async function qemuOf(name: string, dir: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    // A process may end while the list is gone through.
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(`guest=${name},`) && command.includes(dir)) {
      return Number(pid);
    }
  }
  throw new Error(`there is no QEMU of ${name}`);
}

describe('faults under a call', function () {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let guest: Guest;
  let subject: Subject;

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
    guest = await defineTestGuest(rig.daemon, { name: 'frail', memoryMiB: 192 });
    subject = await Subject.named(hypervisor, 'frail');
  });
  after(() => rig.stop());

  /** Has the guest run a line; does not wait for its end, which the agent may not see. */
  const tell = async (line: string): Promise<void> => {
    const command = { execute: 'guest-exec', arguments: { path: '/bin/sh', arg: ['-c', line] } };
    await rig.daemon.virsh(['qemu-agent-command', 'frail', JSON.stringify(command), '--timeout', '2']);
  };

  it('names that libvirt does not take are invalid, and nothing is made', async () => {
    for (const name of ['a/b', '../x', '.hidden']) {
      await assert.rejects(subject.create(name), failure('invalid'), name);
    }
    assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
  });

  it('names that libvirt takes come back as they were, and are found again', async () => {
    for (const name of [`<&"'>`, 'a b', '\u202Eright to left', '📸👩‍👩‍👧', '--children', '&amp;', 'x'.repeat(200)]) {
      await subject.create(name, { description: name });
      const snapshot = await subject.snapshot(name);
      assert.deepEqual([snapshot.name, snapshot.description], [name, name]);
      assert.equal((await hypervisor.readTree(subject.uuid)).current, name);
      await subject.run({ kind: 'describeSnapshot', snapshot: name, description: `${name} & more` });
      await subject.delete(name);
    }
    assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
  });

  it('a name of 10,000 characters fails, whatever libvirt has done by then', async () => {
    await assert.rejects(subject.create('x'.repeat(10_000)));
    assert.equal((await subject.read()).power, 'off');
    assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
  });

  it('a guest whose QEMU is killed is off because it crashed', async () => {
    await guest.start();
    const stopped = next(hypervisor, ({ uuid, kind: what }) => uuid === subject.uuid && what === 'power');
    process.kill(await qemuOf('frail', rig.daemon.dir), 'SIGKILL');
    await stopped;
    const vm = await subject.read();
    assert.deepEqual([vm.power, vm.powerReason], ['off', 'crashed']);
  });

  it('QEMU killed during a memory snapshot: failed, off, and no snapshot', async () => {
    await guest.start();
    const paused = next(hypervisor, ({ uuid, kind: what }) => uuid === subject.uuid && what === 'power');
    // Looked for before: on a busy machine the snapshot would be taken by the time it is found.
    const qemu = await qemuOf('frail', rig.daemon.dir);
    const creating = subject.create('doomed');
    await Promise.all([assert.rejects(creating, failure('failed')), paused.then(() => process.kill(qemu, 'SIGKILL'))]);
    // The call may fail before the daemon has cleared up after the guest.
    const vm = await until(subject, ({ power }) => power === 'off');
    assert.equal(vm.powerReason, 'crashed');
    assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
  });

  it('a guest that panics is crashed, and can be switched off', async () => {
    await guest.start();
    const crashed = next(hypervisor, ({ uuid, kind: what }) => uuid === subject.uuid && what === 'power');
    const panic = tell('echo c > /proc/sysrq-trigger');
    await crashed;
    const vm = await subject.read();
    assert.deepEqual([vm.power, vm.powerReason], ['crashed', 'crashed']);
    await subject.power('forceOff');
    assert.equal((await subject.read()).power, 'off');
    await panic;
  });

  it('a guest that sleeps is asleep, and resume wakes it', async () => {
    await guest.start();
    const asleep = next(hypervisor, ({ uuid, kind: what }) => uuid === subject.uuid && what === 'power');
    const sleeping = tell('echo mem > /sys/power/state');
    await asleep;
    assert.equal((await subject.read()).power, 'asleep');
    await subject.power('resume');
    await sleeping;
    assert.equal((await subject.read()).power, 'running');
    await subject.power('forceOff');
  });

  it('the daemon killed during a snapshot: lost, and it goes on from the truth', async () => {
    await guest.start();
    const closed = new Promise<Failure>((resolve) => void hypervisor.onDidClose(resolve));
    const paused = next(hypervisor, ({ uuid, kind: what }) => uuid === subject.uuid && what === 'power');
    const creating = subject.create('cut');
    await Promise.all([assert.rejects(creating, failure('lost')), paused.then(() => rig.daemon.killDaemon())]);
    assert.equal((await closed).kind, 'lost');
    await assert.rejects(subject.read(), failure('lost'));
    await assert.rejects(
      hypervisor.run(
        { name: 'frail', uuid: subject.uuid } as never,
        { kind: 'power', action: 'pause' },
        {
          signal: new AbortController().signal,
          onProgress: () => undefined,
        },
      ),
      failure('unreachable'),
    );
    await rig.daemon.startDaemon();
    hypervisor = await rig.open();
    subject = new Subject(hypervisor, subject.uuid);
    // Answers when libvirt is done with finding the guest again; at some moments it gives it up instead
    // (VIR_DOMAIN_SHUTOFF_DAEMON), and QEMU may have got through with the snapshot or be held by it.
    await rig.daemon.virsh(['qemu-monitor-command', 'frail', '--hmp', 'info status']);
    const { power } = await subject.read();
    assert.equal(power === 'off' ? 'shut off' : power, await guest.state());
    if (power !== 'running') await subject.power(power === 'paused' ? 'resume' : 'start');
    await guest.waitForAgent();
    assert.equal((await guest.counters()).disk, 0);
  });

  it('the daemon killed while a guest is waited for: lost', async () => {
    const mute = await Subject.named(hypervisor, await defineDeafGuest(rig.daemon, 'mute'));
    await mute.power('start');
    let ask: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const waiting = mute.power('shutDown', { onProgress: () => ask() });
    const kill = async (): Promise<void> => {
      await asked;
      // By the time this is answered the guest has been asked, too.
      await mute.read();
      await rig.daemon.killDaemon();
    };
    await Promise.all([assert.rejects(waiting, failure('lost')), kill()]);
    await rig.daemon.startDaemon();
    hypervisor = await rig.open();
    subject = new Subject(hypervisor, subject.uuid);
    // libvirt may have given the guest up when it met it again.
    await rig.daemon.virsh(['destroy', 'mute']);
    await rig.virsh('undefine', 'mute');
  });

  it('a VM that vanishes is not found, by whatever call', async () => {
    const vanished = next(hypervisor, ({ uuid, kind: what }) => uuid === subject.uuid && what === 'undefined');
    const vm = await subject.read();
    await guest.remove();
    await vanished;
    await assert.rejects(subject.read(), failure('notFound'));
    await assert.rejects(hypervisor.readTree(subject.uuid), failure('notFound'));
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    await assert.rejects(hypervisor.run(vm, { kind: 'power', action: 'start' }, options), failure('notFound'));
    assert.deepEqual(await hypervisor.listVms(), []);
  });

  it('an operation that is cancelled before it began does not begin', async () => {
    const calls = hypervisor.callCount;
    const run = hypervisor.run(
      { name: 'x' } as never,
      { kind: 'power', action: 'start' },
      {
        signal: AbortSignal.abort(),
        onProgress: () => undefined,
      },
    );
    await assert.rejects(run, failure('cancelled'));
    assert.equal(hypervisor.callCount, calls);
  });

  it('a read-only socket is known, and refuses what changes something', async () => {
    const readOnly = await rig.open(`${rig.daemon.uri}-ro`);
    assert.equal(readOnly.capabilities.readOnly, true);
    await defineTestGuest(rig.daemon, { name: 'looked-at', agent: false });
    const looked = await Subject.named(readOnly, 'looked-at');
    assert.equal((await looked.read()).power, 'off');
    await assert.rejects(looked.power('start'), failure('denied'));
    await assert.rejects(looked.create('x'), failure('denied'));
  });

  it('what cannot be reached, and what is no URI', async () => {
    await assert.rejects(rig.open(`qemu+unix:///system?socket=${rig.daemon.dir}/nothing`), failure('unreachable'));
    await assert.rejects(rig.open('no uri at all'), failure('invalid'));
    await assert.rejects(rig.open('qemu+warp://host/system'), failure('unsupported'));
  });
});

describe('a disk that is full (only root can make a small one)', () => {
  let dir: string;
  let small: string;
  let rig: HypervisorRig | undefined;
  let hypervisor: Hypervisor;

  before(async function () {
    if (process.getuid?.() !== 0) {
      this.skip();
    }
    dir = await mkdtemp('/tmp/vr-');
    small = join(dir, 'small');
    await mkdir(small);
    await runOk('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'small', small]);
    rig = await startHypervisorRig({ dir });
    hypervisor = await rig.open();
  });
  after(async () => {
    if (rig !== undefined) {
      await rig.stop();
      await runOk('umount', ['-l', small]);
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('fails a memory snapshot; the guest runs on and there is no snapshot', async () => {
    const reserve = join(small, 'reserve');
    await writeFile(reserve, Buffer.alloc(2 << 20));
    const guest = await defineTestGuest(rig!.daemon, { name: 'full', folder: small });
    await guest.start();
    await guest.setCounters(12);
    const subject = await Subject.named(hypervisor, 'full');
    await assert.rejects(subject.create('inside'));
    const disks = [{ target: 'vda', file: join(dir, 'full-0.outside') }];
    const outside = subject.create('outside', { style: 'external', disks, memoryFile: join(small, 'full.mem') });
    await assert.rejects(outside, failure('noSpace'));
    assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
    // A write of the guest itself may have met the full disk, for which QEMU pauses it until there is room.
    await rm(reserve);
    const met = await subject.read();
    if (met.power === 'paused') {
      assert.equal(met.powerReason, 'ioError');
      await subject.power('resume');
    }
    const vm = await subject.read();
    assert.deepEqual([vm.power, vm.disks[0]?.source], ['running', guest.disks[0]]);
    assert.equal((await guest.counters()).memory, 12);
  });

  it('fails to make an overlay; the guest runs on where it was', async () => {
    const guest = await defineTestGuest(rig!.daemon, { name: 'elsewhere' });
    await guest.start();
    const subject = await Subject.named(hypervisor, 'elsewhere');
    await fill(small);
    const disks = [{ target: 'vda', file: join(small, 'elsewhere-0.overlay') }];
    await assert.rejects(
      subject.create('overlay', { snapshotKind: 'disk', style: 'external', disks }),
      failure('noSpace'),
    );
    const vm = await subject.read();
    assert.deepEqual([vm.power, vm.disks[0]?.source], ['running', guest.disks[0]]);
    assert.equal(await hypervisor.countSnapshots(subject.uuid), 0);
  });
});

/** Writes until there is no room for one byte more. */
async function fill(folder: string): Promise<void> {
  for (const size of [1 << 20, 1 << 12, 1]) {
    for (let index = 0; ; index++) {
      try {
        await writeFile(join(folder, `fill-${size}-${index}`), Buffer.alloc(size));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
        break;
      }
    }
  }
}
