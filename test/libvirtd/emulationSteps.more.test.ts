// A revert to an external snapshot by the steps that do it without libvirt's own: on real guests with two disks, from
// and to every state. What comes back is read in the guest and in its images; what libvirt makes of the layout
// afterwards, on its own, must be right too.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { findProgram, runOk } from '../../scripts/rig/run.mjs';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import type { Step } from '../../src/steps/step.js';
import type { SnapshotKind } from '../../src/domain/snapshot.js';
import { snapshotableDisks } from '../../src/domain/vm.js';
import { failure, type Guest, type HypervisorRig, startHypervisorRig, Subject } from './hypervisorRig.js';

type End = 'running' | 'paused' | 'off';

/** What RAM and disks say in each snapshot; each is the parent of the next. */
const values = { offline: 10, disk: 20, memory: 30 } as const;
type Name = keyof typeof values;

describe('an external revert by our own steps', () => {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let guest: Guest;
  let subject: Subject;
  let serial = 0;

  const at = (name: string): string => join(rig.daemon.dir, name);
  const files = (): readonly string[] =>
    readdirSync(rig.daemon.dir).filter((name) => name.startsWith('emu') && !name.endsWith('.log'));
  const sources = async (): Promise<readonly string[]> =>
    snapshotableDisks(await subject.read()).map(({ source = '' }) => source);

  /** In RAM and on both disks. */
  async function mark(value: number): Promise<void> {
    await guest.setCounters(value);
    const { code } = await guest.run('sh', ['-c', `echo ${String(value)} >/data2/counter && sync`]);
    assert.equal(code, 0);
  }

  async function create(name: string, kind: SnapshotKind): Promise<void> {
    await subject.create(name, {
      snapshotKind: kind,
      style: 'external',
      disks: ['vda', 'vdb'].map((target, index) => ({ target, file: at(`emu-${String(index)}.${name}`) })),
      ...(kind === 'memory' ? { memoryFile: at(`emu.${name}.mem`) } : {}),
    });
  }

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
    guest = await defineTestGuest(rig.daemon, { name: 'emu', disks: ['qcow2', 'emptyQcow2'] });
    subject = await Subject.named(hypervisor, 'emu');
    await guest.start();
    await mark(values.offline);
    await subject.power('forceOff');
    await create('offline', 'offline');
    await guest.start();
    await mark(values.disk);
    await create('disk', 'disk');
    await mark(values.memory);
    await create('memory', 'memory');
    await mark(40);
  });
  after(() => rig.stop());

  /** The files that the VM gets, and those that it leaves. */
  async function plan(name: string, to: End): Promise<readonly Step[]> {
    const tree = await hypervisor.readTree(subject.uuid);
    const snapshot = tree.snapshots.find((other) => other.name === name)!;
    const { disks: frozen } = await hypervisor.readFrozen(subject.uuid, name);
    const branches = tree.snapshots.some(({ parent }) => parent === name);
    const { power } = await subject.read();
    serial += 1;
    const overlays = frozen
      .filter(({ target }) => snapshot.disks.some((disk) => disk.target === target && disk.location === 'external'))
      .map(({ target, source = '', format }) => ({
        target,
        file: `${source.replace(/\.[^./]*$/, '')}.${String(1_800_000_000 + serial)}`,
        backing: source,
        backingFormat: format,
      }));
    const made = overlays.map(({ target, file }) => ({ target, file }));
    const leaf = `leaf${String(serial)}`;
    const leafDisks = made.map(({ target, file }) => ({ target, file: file.replace(/[^.]*$/, leaf) }));
    const kept = new Set<string>();
    for (const other of tree.snapshots) {
      for (const { source = '' } of (await hypervisor.readFrozen(subject.uuid, other.name)).disks) {
        kept.add(source);
      }
    }
    const left = (await sources()).filter((file) => !kept.has(file));
    const final = branches ? leafDisks : made;
    return [
      { kind: 'createOverlays', overlays },
      ...(power === 'off' ? [] : [{ kind: 'power', action: 'forceOff' } as const]),
      { kind: 'defineFromSnapshot', snapshot: name, disks: made },
      { kind: 'makeCurrent', snapshot: name, ...(branches ? {} : { disks: made }) },
      ...(branches ? [leafStep(leaf, leafDisks)] : []),
      ...(to === 'off'
        ? []
        : snapshot.memory.file !== undefined
          ? [{ kind: 'restoreMemory', snapshot: name, file: snapshot.memory.file, disks: final, to } as const]
          : [to === 'paused' ? ({ kind: 'startPaused' } as const) : ({ kind: 'power', action: 'start' } as const)]),
      { kind: 'removeFiles', files: left },
    ];
  }

  function leafStep(name: string, disks: readonly { readonly target: string; readonly file: string }[]): Step {
    const kind = { snapshotKind: 'offline', style: 'external', quiesce: false } as const;
    return { kind: 'createSnapshot', name, description: '--\nAuto: layout', ...kind, disks, auto: 'layout' };
  }

  /**
   * Steps that may be half done when somebody takes them up again, so all must bear it; those that plans do not repeat.
   */
  const once: readonly Step['kind'][] = ['createSnapshot', 'power'];

  async function revert(name: Name, to: End, times: 'once' | 'twice' = 'once'): Promise<void> {
    const before = files();
    const steps = await plan(name, to);
    for (const step of steps) {
      await subject.run(step);
      if (times === 'twice' && !once.includes(step.kind)) {
        await subject.run(step);
      }
    }
    const removed = steps.flatMap((step) => (step.kind === 'removeFiles' ? step.files : []));
    assert.ok(removed.length > 0);
    assert.deepEqual(
      before.filter((file) => !files().includes(file)).toSorted(),
      removed.map((file) => file.slice(rig.daemon.dir.length + 1)).toSorted(),
      'what was left is gone, and nothing else',
    );
    await standsAt(name, to);
  }

  /** What the counter's file says in an image that nobody writes to now. */
  async function counterIn(image: string): Promise<number> {
    const raw = at('look.raw');
    await runOk('qemu-img', ['convert', '-U', '-O', 'raw', image, raw]);
    const debugfs = (await findProgram('debugfs')) ?? 'debugfs';
    const said = await runOk(debugfs, ['-c', '-R', 'cat /counter', raw]);
    await rm(raw);
    return Number.parseInt(said, 10);
  }

  /** A guest that boots is switched off for its disks to be read: waiting until it has booted takes far longer. */
  async function standsAt(name: Name, to: End): Promise<void> {
    assert.equal((await subject.read()).power, to);
    if (name === 'memory' && to !== 'off') {
      if (to === 'paused') {
        await subject.power('resume');
      }
      await guest.waitForAgent();
      const { memory, disk } = await guest.counters();
      assert.deepEqual([memory, disk], [values.memory, values.memory]);
      assert.equal((await guest.run('cat', ['/data2/counter'])).stdout.trim(), String(values.memory));
      return;
    }
    if (to !== 'off') {
      await subject.power('forceOff');
    }
    for (const image of await sources()) {
      assert.equal(await counterIn(image), values[name], image);
    }
  }

  async function become(state: End): Promise<void> {
    const { power } = await subject.read();
    if (power !== state) {
      await (state === 'off'
        ? subject.power('forceOff')
        : state === 'paused' && power === 'running'
          ? subject.power('pause')
          : state === 'paused'
            ? subject.run({ kind: 'startPaused' })
            : subject.power(power === 'paused' ? 'resume' : 'start'));
    }
    assert.equal((await subject.read()).power, state);
  }

  it('is refused while the VM runs, and nothing changes', async () => {
    const before = await rig.virsh('dumpxml', 'emu', '--inactive');
    const step = { kind: 'defineFromSnapshot', snapshot: 'offline', disks: [] } as const;
    await assert.rejects(subject.run(step), failure('refused'));
    const restore = { kind: 'restoreMemory', snapshot: 'memory', file: at('emu.memory.mem'), to: 'running' } as const;
    const disks = [{ target: 'vda', file: at('emu-0.offline') }];
    await assert.rejects(subject.run({ ...restore, disks }), failure('refused'));
    assert.equal(await rig.virsh('dumpxml', 'emu', '--inactive'), before);
    assert.equal((await guest.counters()).memory, 40);
  });

  const cases: readonly (readonly [from: End, name: Name, to: End])[] = [
    ['running', 'memory', 'running'],
    ['paused', 'memory', 'paused'],
    ['off', 'memory', 'off'],
    ['off', 'memory', 'running'],
    ['running', 'disk', 'running'],
    ['running', 'offline', 'off'],
    ['paused', 'disk', 'paused'],
    ['off', 'offline', 'running'],
    ['off', 'memory', 'running'],
  ];
  for (const [from, name, to] of cases) {
    it(`${from}, to ${name}, ${to}`, async () => {
      await become(from);
      await revert(name, to);
      const tree = await hypervisor.readTree(subject.uuid);
      const current = tree.snapshots.find((snapshot) => snapshot.name === tree.current);
      // What libvirt from 9.9 on would remove at the next revert is what the VM stands on, and nothing else.
      assert.deepEqual(
        current?.disks.map(({ file }) => file),
        await sources(),
      );
      assert.ok(current.name === name || (current.parent === name && current.trailers.auto === 'layout'));
      assert.equal(current.revertDisks, undefined);
    });
  }

  it('bears each step twice', async () => {
    for (const [name, to] of [
      ['memory', 'paused'],
      ['offline', 'off'],
      ['disk', 'paused'],
      ['memory', 'running'],
    ] as const) {
      await revert(name, to, 'twice');
    }
  });

  it('leaves a VM on which libvirt goes on: a snapshot more, deleted with what came before it', async () => {
    await guest.setCounters(50);
    await create('next', 'memory');
    await guest.setCounters(51);
    await subject.delete('next');
    assert.deepEqual(
      [(await guest.counters()).disk, (await hypervisor.readTree(subject.uuid)).current],
      [51, 'memory'],
    );
  });

  it('leaves a layout with which a libvirt that reverts by itself removes no file in use, or one that does not refuses', async () => {
    if (!hypervisor.capabilities.externalRevert) {
      await assert.rejects(subject.revert('disk'), failure('unsupported'));
      return;
    }
    for (const [ours, theirs, to] of [
      ['disk', 'memory', 'running'],
      ['offline', 'disk', 'running'],
      ['memory', 'offline', 'off'],
      ['disk', 'memory', 'paused'],
    ] as const) {
      await revert(ours, 'off');
      await subject.run({ kind: 'waitUntil', second: Math.floor(Date.now() / 1_000) });
      await subject.revert(theirs, to === 'off' ? 'asSnapshot' : to);
      await standsAt(theirs, to);
      for (const { name: other } of (await hypervisor.readTree(subject.uuid)).snapshots) {
        for (const { source = '' } of (await hypervisor.readFrozen(subject.uuid, other)).disks) {
          assert.ok(existsSync(source), `${source} of ${other}`);
        }
      }
    }
  });

  it('leaves images that are whole', async () => {
    await become('off');
    for (const file of files().filter((name) => !name.endsWith('.mem'))) {
      await runOk('qemu-img', ['check', '-q', at(file)]);
    }
  });
});
