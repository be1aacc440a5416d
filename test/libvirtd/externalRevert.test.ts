// Reverts to external snapshots of real guests, by libvirt or, where this one cannot or would do damage, by our own
// steps: what comes back is read in the guest and in its images, and what a revert leaves must be gone while everything
// that a snapshot holds stays.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { findProgram, runOk } from '../../scripts/rig/run.mjs';
import { Failure } from '../../src/domain/failure.js';
import type { AfterRevert, OperationRequest, OperationResult, PowerAction } from '../../src/domain/operation.js';
import type { Plan } from '../../src/operations/plan.js';
import type { RefusalReason } from '../../src/domain/refusal.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import { snapshotableDisks, type PowerState, type Vm, type VmRef } from '../../src/domain/vm.js';
import { allRows, itRarely } from '../allRows.js';
import { type Guest, type LiveRig, startLiveRig } from './engineRig.js';
import { reportSupport } from './supportRows.js';

type Kind = 'offline' | 'disk' | 'memory';
type End = 'running' | 'paused' | 'off';

/** What the guest's counters say in each snapshot; all are named by their kinds, each is the parent of the next. */
const values: Readonly<Record<Kind, number>> = { offline: 10, disk: 20, memory: 30 };
const kinds = Object.keys(values) as Kind[];

/** Only what has RAM is running afterwards without being asked to be. */
function endOf(kind: Kind, after: AfterRevert, from: End): End {
  return after === 'asBefore' ? from : after !== 'asSnapshot' ? after : kind === 'memory' ? 'running' : 'off';
}

describe('external snapshots', () => {
  let r: LiveRig;
  let guest: Guest;
  let web: VmRef;
  /** This libvirt reverts to external snapshots. */
  let native: boolean;

  before(async () => {
    r = await startLiveRig();
    guest = await r.guest({ name: 'web', disks: ['qcow2', 'raw', 'cdrom'] });
    await r.engine.connect(r.uri);
    native = r.hypervisor().capabilities.externalRevert;
    web = await r.ref('web');
    r.show(web);
    await guest.start();
    await guest.setCounters(values.offline);
    await power('forceOff');
    await create('offline');
    await power('start');
    await guest.waitForAgent();
    await guest.setCounters(values.disk);
    await create('disk', true);
    await guest.setCounters(values.memory);
    await create('memory');
    await guest.setCounters(40);
  });
  after(() => r.stop());

  const run = (request: OperationRequest): Promise<OperationResult> => r.engine.runOperation(request);
  const power = (action: PowerAction): Promise<OperationResult> => run({ kind: 'power', vm: web, action });
  const create = (title: string, quiesce = false): Promise<OperationResult> =>
    run({
      kind: 'create',
      vm: web,
      title,
      quiesce,
      style: 'external',
      snapshotKind: quiesce ? 'disk' : vm().power === 'off' ? 'offline' : 'memory',
    });
  const remove = (snapshot: string, scope: 'one' | 'withDescendants' = 'one'): Promise<OperationResult> =>
    run({ kind: 'delete', vm: web, snapshot, scope });
  const toSnapshot = (snapshot: string, after: AfterRevert): OperationRequest => ({
    kind: 'revert',
    vm: web,
    snapshot,
    after,
  });

  const vm = (): Vm => r.vm('web')!.vm;
  const state = (): PowerState => vm().power;
  const current = (): string | undefined => r.vm('web')!.tree?.current;
  const files = (): readonly string[] =>
    readdirSync(r.daemon.dir)
      .filter((name) => name.startsWith('web') && !name.endsWith('.log'))
      .toSorted();
  /** Those that the VM writes to. */
  const overlays = (): readonly string[] => snapshotableDisks(vm()).map(({ source = '' }) => source);
  /** And the one that libvirt lays over the CD-ROM at a revert, although the snapshot leaves it out. */
  const allOverlays = (): readonly string[] =>
    vm()
      .disks.map(({ source = '' }) => source)
      .filter((file) => !guest.disks.includes(file));

  const revert = (snapshot: string, after: AfterRevert): Promise<OperationResult> => run(toSnapshot(snapshot, after));

  async function planOf(request: OperationRequest): Promise<Plan> {
    const decision = await r.engine.plan(request);
    assert.ok(decision.kind === 'plan', JSON.stringify(decision));
    return decision;
  }

  /** Why libvirt is not let do it. */
  function whyByUs({ warnings }: Plan): RefusalReason | undefined {
    return warnings.flatMap((warning) => (warning.kind === 'doneByUs' ? [warning.why.reason] : []))[0];
  }

  const snapshots = (): readonly Snapshot[] => r.vm('web')!.tree!.snapshots;
  const isLayout = ({ trailers }: Snapshot): boolean => trailers.auto === 'layout';

  /**
   * The snapshot whose content the VM started from: what a revert of ours made for the layout's sake does not count.
   */
  function base(): string | undefined {
    const at = snapshots().find(({ name }) => name === current());
    return at !== undefined && isLayout(at) ? at.parent : at?.name;
  }

  /** Deletes what reverts of ours made for the layout's sake and the VM is not on any more. */
  async function prune(): Promise<void> {
    for (const { name } of snapshots().filter((snapshot) => isLayout(snapshot) && snapshot.name !== current())) {
      await remove(name);
    }
  }

  function reasonOf(error: unknown): RefusalReason | undefined {
    return error instanceof Failure ? error.details.refusal?.reason : undefined;
  }

  /** Everything about the VM that a refused request must leave alone. */
  async function whole(): Promise<unknown> {
    const [xml, list] = await Promise.all([
      r.virsh('dumpxml', 'web', '--inactive'),
      r.virsh('snapshot-list', 'web', '--parent'),
    ]);
    const now = await Promise.all([r.virsh('domblklist', 'web'), r.virsh('domstate', 'web', '--reason')]);
    return [xml, list, ...now, files()];
  }

  async function isRefused(request: OperationRequest, reason: RefusalReason): Promise<void> {
    const before = await whole();
    await assert.rejects(run(request), (error: unknown) => reasonOf(error) === reason || assert.fail(String(error)));
    assert.deepEqual(await whole(), before);
  }

  /** What the counter's file says in an image that nobody writes to now. */
  async function counterIn(image: string): Promise<number> {
    const raw = join(r.daemon.dir, 'look.raw');
    await runOk('qemu-img', ['convert', '-U', '-O', 'raw', image, raw]);
    const debugfs = (await findProgram('debugfs')) ?? 'debugfs';
    const said = await runOk(debugfs, ['-c', '-R', 'cat /counter', raw]);
    await rm(raw);
    return Number.parseInt(said, 10);
  }

  /** Leaves a guest that booted off, for its disk to be read: waiting until it has booted takes far longer. */
  async function standsAt(kind: Kind, end: End): Promise<void> {
    assert.equal(state(), end);
    assert.equal(await guest.state(), { running: 'running', paused: 'paused', off: 'shut off' }[end]);
    if (kind === 'memory' && end !== 'off') {
      if (end === 'paused') {
        await power('resume');
      }
      await guest.waitForAgent();
      const { memory, disk } = await guest.counters();
      assert.deepEqual([memory, disk], [values.memory, values.memory]);
      return;
    }
    if (end === 'running') {
      await power('forceOff');
    }
    assert.equal(await counterIn(overlays()[0]!), values[kind]);
  }

  /** The guest's content is none that a snapshot holds. */
  async function standElsewhere(from: End): Promise<void> {
    await revert('memory', 'running');
    await guest.waitForAgent();
    await guest.setCounters(99);
    if (state() !== from) {
      await power(from === 'off' ? 'forceOff' : from === 'paused' ? 'pause' : 'start');
    }
    assert.equal(state(), from);
  }

  // To each kind, and from each state but one; in the deep tier to each from each, and to one kind in each way, from
  // both. The others are the matrix's.
  const every: readonly AfterRevert[] = ['asSnapshot', 'asBefore', 'running', 'paused', 'off'];
  const cases: Readonly<Record<Kind, Readonly<Record<End, readonly AfterRevert[]>>>> = allRows
    ? {
        offline: { running: ['asSnapshot'], paused: ['asBefore'], off: ['running'] },
        disk: { running: every, paused: ['asBefore'], off: every },
        memory: { running: ['asBefore'], paused: ['asBefore'], off: ['asSnapshot', 'paused', 'off'] },
      }
    : {
        offline: { running: ['asSnapshot'], paused: [], off: [] },
        disk: { running: [], paused: [], off: ['running'] },
        memory: { running: ['asBefore'], paused: [], off: [] },
      };
  for (const kind of kinds) {
    for (const from of ['running', 'paused', 'off'] as const) {
      for (const after of cases[kind][from]) {
        it(`${from}, to ${kind}, ${after} → ${endOf(kind, after, from)}`, async () => {
          await standElsewhere(from);
          const plan = await planOf(toSnapshot(kind, after));
          assert.equal(whyByUs(plan), native ? undefined : 'externalRevertUnsupported');
          assert.ok(plan.losses.some((loss) => loss.kind === 'diskChanges' && loss.since === 'memory'));
          const [left, others] = [allOverlays(), files()];
          assert.deepEqual(
            overlays().filter((file) => !left.includes(file)),
            [],
          );
          const result = await revert(kind, after);
          const end = endOf(kind, after, from);
          assert.deepEqual([result.state, base()], [end, kind]);
          assert.deepEqual(left.filter(existsSync), [], 'what was left is lost, as the plan said');
          const lost = others.filter((name) => !left.includes(join(r.daemon.dir, name)));
          assert.deepEqual(
            lost.filter((name) => !files().includes(name)),
            [],
            'and nothing else',
          );
          await standsAt(kind, end);
          // The others are the matrix's; its guest has no agent to hold still for a snapshot.
          if (kind === 'disk' && after !== 'asBefore') {
            reportSupport(r.hypervisor().capabilities, {
              operation: 'revert',
              kind: 'external disk, quiesced',
              from,
              after,
              result: { works: native ? 'natively' : 'byOurSteps' },
            });
          }
        });
      }
    }
  }

  it('is not lost by two reverts at once', async () => {
    await Promise.all([toSnapshot('disk', 'running'), toSnapshot('memory', 'running')].map(run));
    await standsAt('memory', 'running');
  });

  it('waits for the next second where libvirt would give new overlays the names of those that are there', async () => {
    for (;;) {
      await revert('offline', 'off');
      const { steps } = await planOf(toSnapshot('offline', 'off'));
      await revert('offline', 'off');
      await standsAt('offline', 'off');
      if (!native || steps.some((step) => step.kind === 'waitUntil')) {
        return;
      }
    }
  });

  itRarely('keeps what libvirt knows of a revert when a description is edited', async () => {
    await revert('offline', 'off');
    const text = async (): Promise<string> =>
      (await r.virsh('snapshot-dumpxml', 'web', 'offline')).replace(/<description>[^<]*<\/description>/, '');
    const [before, at, now] = [await text(), current(), overlays()];
    assert.equal(before.includes('<revertDisks>'), native);
    for (const kind of kinds) {
      await run({ kind: 'describe', vm: web, snapshot: kind, title: `Title of ${kind}`, description: 'edited' });
    }
    assert.deepEqual([await text(), current(), overlays()], [before, at, now]);
    assert.deepEqual(
      snapshots()
        .filter((snapshot) => !isLayout(snapshot))
        .map(({ title }) => title)
        .toSorted(),
      ['Title of disk', 'Title of memory', 'Title of offline'],
    );
    await revert('memory', 'running');
    assert.deepEqual(now.filter(existsSync), []);
    await standsAt('memory', 'running');
  });

  itRarely('grows a branch and loses it again; the others keep what they hold', async () => {
    await revert('disk', 'running');
    await guest.waitForAgent();
    await guest.setCounters(50);
    const before = overlays();
    await create('branch');
    const { memory } = snapshots().find(({ name }) => name === 'branch')!;
    await guest.setCounters(60);
    await revert('memory', 'running');
    await standsAt('memory', 'running');
    await revert('branch', 'running');
    await guest.waitForAgent();
    assert.deepEqual(await guest.counters().then((counters) => [counters.memory, counters.disk]), [50, 50]);
    await revert('memory', 'running');
    assert.ok(existsSync(memory.file!));
    await remove('branch');
    await prune();
    assert.deepEqual([...before, memory.file!].filter(existsSync), []);
    for (const kind of kinds) {
      await revert(kind, 'asSnapshot');
      await standsAt(kind, endOf(kind, 'asSnapshot', 'off'));
    }
  });

  it('reverts by itself where libvirt would remove what another snapshot is built on', async () => {
    await revert('offline', 'off');
    await create('short');
    await remove('short');
    assert.equal(base(), 'offline');
    const why = whyByUs(await planOf(toSnapshot('memory', 'running')));
    assert.equal(why, native ? 'revertRemovesFile' : 'externalRevertUnsupported');
    for (const kind of kinds) {
      await revert(kind, 'asSnapshot');
      await standsAt(kind, endOf(kind, 'asSnapshot', 'off'));
    }
  });

  it('refuses to delete the one that it stands on while others are built on it', async () => {
    await revert('offline', 'off');
    const reason = native ? 'currentHasChildren' : 'severalChildren';
    await isRefused({ kind: 'delete', vm: web, snapshot: 'offline', scope: 'one' }, reason);
    await revert('memory', 'running');
    await guest.waitForAgent();
  });

  it('refuses a start with a medium that is gone, before the VM is stopped for it', async () => {
    const [, , medium = ''] = guest.disks;
    const away = `${medium}.away`;
    assert.equal(state(), 'running');
    await rename(medium, away);
    await isRefused(toSnapshot('memory', 'running'), 'overlayMissing');
    await isRefused(toSnapshot('disk', 'running'), 'overlayMissing');
    await rename(away, medium);
    await planOf(toSnapshot('memory', 'running'));
  });

  it('deletes one of the middle, and its neighbours keep what they hold', async () => {
    await prune();
    await guest.setCounters(70);
    await remove('disk');
    assert.deepEqual([state(), current(), (await guest.counters()).disk], ['running', 'memory', 70]);
    for (const kind of ['offline', 'memory'] as const) {
      await revert(kind, 'asSnapshot');
      await standsAt(kind, endOf(kind, 'asSnapshot', 'off'));
    }
  });

  it('deletes all; the present state stays, in the first images', async () => {
    await guest.setCounters(80);
    const request: OperationRequest = { kind: 'delete', vm: web, snapshot: 'offline', scope: 'withDescendants' };
    const plan = await planOf(request);
    const spared = plan.warnings.flatMap((warning) => (warning.kind === 'leavesFile' ? [warning.file] : []));
    await run(request);
    assert.deepEqual(snapshots(), []);
    assert.deepEqual([state(), (await guest.counters()).disk], ['running', 80]);
    assert.deepEqual(overlays(), guest.disks.slice(0, 2));
    const expected = [...guest.disks, ...spared].map((file) => relative(r.daemon.dir, file));
    // libvirt may forget overlays of the CD-ROM, which nobody ever wrote to.
    const forgotten = native ? files().filter((name) => /^web-2\.\d+$/.test(name)) : [];
    assert.deepEqual(files(), [...expected, ...forgotten].toSorted());
  });

  it('reverts by itself where libvirt would give two overlays one name', async () => {
    const twin = await r.guest({ name: 'twin', disks: ['emptyQcow2', 'raw'], agent: false });
    const [, raw = ''] = twin.disks;
    const beside = join(r.daemon.dir, 'twin-0.raw');
    await rename(raw, beside);
    const xml = join(r.daemon.dir, 'twin.xml');
    await writeFile(xml, (await r.virsh('dumpxml', 'twin')).replace(raw, beside));
    await r.virsh('define', xml);
    const ref = await r.ref('twin');
    await run({ kind: 'create', vm: ref, snapshotKind: 'offline', style: 'external', title: 'one' });
    await r.virsh('start', 'twin');
    const request: OperationRequest = { kind: 'revert', vm: ref, snapshot: 'one', after: 'running' };
    const expected: RefusalReason = native ? 'overlayNamesCollide' : 'externalRevertUnsupported';
    assert.equal(whyByUs(await planOf(request)), expected);
    await run(request);
    assert.equal(await r.virsh('domstate', 'twin'), 'running');
    const now = snapshotableDisks(r.vm('twin')!.vm).map(({ source = '' }) => source);
    assert.equal(new Set(now).size, 2);
    assert.deepEqual(
      now.map((file) => existsSync(file)),
      [true, true],
    );
  });
});
