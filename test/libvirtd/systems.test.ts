// Several VMs as one, on real guests: one moment of all, back to it, all or nothing where a member fails or the process
// dies.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor, buildProgram } from '../../scripts/build.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { run } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { versionOf } from '../../src/domain/capabilities.js';
import { Failure } from '../../src/domain/failure.js';
import { UndoLook } from '../../src/engine/undoLook.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { listen } from '../../src/driver/guestEvents.js';
import { openConnection } from '../../src/libvirt/connect.js';
import { Engine } from '../../src/engine/engine.js';
import type { VmRef } from '../../src/domain/vm.js';
import { recoverWhenOpen } from '../../src/systems/recoverWhenOpen.js';
import { faultsOf } from '../answerFaults.js';
import type { RecoveredSystem } from '../../src/systems/systems.js';
import { silentLog } from '../silentLog.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { allRows, itRarely } from '../allRows.js';
import type { Daemon } from './engineRig.js';
import {
  act,
  failureOf,
  held,
  libraryIn,
  markAll,
  openSystems,
  type Spot,
  type SystemsHere,
  type What,
} from './systemRig.js';

const names = ['db', 'api', 'idle'] as const;

/** Everybody runs the first of the rows, `npm run test:deep -- rows` all. */
function inTier<T>(rows: readonly T[]): readonly T[] {
  return allRows ? rows : rows.slice(0, 1);
}

describe('a system of VMs', () => {
  let daemon: Daemon;
  let folder: string;
  let program: string;
  let here: SystemsHere;
  let vms: readonly OracleVm[];
  let refs: readonly VmRef[];
  let count = 0;

  const virsh = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.virsh(args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const counterOf = (vm: OracleVm): Promise<number> => vm.talk(async (guest) => (await guest.ram()).counter);
  /** What each holds: the counter in RAM of those that run, a block of the disk, the state, the snapshots. */
  const seen = async (): Promise<readonly unknown[]> =>
    Promise.all(
      vms.map(async (vm) => {
        const state = await virsh('domstate', vm.name);
        return [vm.name, state, state === 'running' ? await held(vm) : 'not running'];
      }),
    );
  const snapshots = async (): Promise<readonly (readonly string[])[]> =>
    Promise.all(
      vms.map(async ({ name }) =>
        (await virsh('snapshot-list', name, '--name'))
          .split('\n')
          .filter((one) => one !== '')
          .sort(),
      ),
    );
  /** RAM and disk of those that run say `value` from now on. */
  const mark = (value: number): Promise<void> => markAll(vms.slice(0, 2), value);
  const journalIsEmpty = async (): Promise<void> => {
    const groups = await readdir(join(folder, 'groups'));
    const entries = (await readdir(folder)).filter((name) => /^[0-9a-f]{32}$/u.test(name));
    assert.deepEqual([groups, entries], [[], []]);
  };
  /** In a process that dies there. */
  const die = async (what: What, spot: Spot): Promise<void> => {
    const args = [program, daemon.uri, folder, 'shop', JSON.stringify(what), JSON.stringify(spot)];
    const child = spawn(process.execPath, args, { env: { ...process.env, ...daemon.env }, stdio: 'inherit' });
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL', 'it came through');
  };

  before(async () => {
    daemon = await startPrivateDaemon();
    program = await buildProgram('test/libvirtd/systemCrash.ts', join(daemon.dir, 'crash'));
    vms = await Promise.all(
      names.map((name) =>
        OracleVm.define(daemon, { name, disks: ['qcow2'], diskMiB: 4, folder: join(daemon.dir, name) }),
      ),
    );
  });
  after(() => daemon.stop());
  beforeEach(async () => {
    folder = join(daemon.dir, `journal-${String(count++)}`);
    await mkdir(folder, { recursive: true });
    for (const { name } of vms) {
      for (const snapshot of (await virsh('snapshot-list', name, '--name')).split('\n').filter(Boolean)) {
        await virsh('snapshot-delete', name, snapshot);
      }
      const state = await virsh('domstate', name);
      const isOff = state === 'shut off';
      if (state === 'paused') {
        // What a test before this one failed over.
        await virsh('resume', name);
      }
      if (isOff && name !== 'idle') {
        await virsh('start', name);
      } else if (!isOff && name === 'idle') {
        await virsh('destroy', name);
      }
    }
    await mark(1);
    here = await openSystems(daemon.uri, folder, daemon.env);
    const views = names.map((name) => here.engine.findVms(name)[0]!);
    refs = views.map(({ ref }) => ref);
    await here.systems.make('shop', views);
  });
  afterEach(() => here.dispose());

  /** What Undo of each member alone is about, and why it is refused. */
  const nextUndone = (): Promise<readonly string[]> =>
    Promise.all(
      refs.map(async (ref) => {
        const next = (await UndoLook.at(here.engine, ref)).next('undo');
        const why = next?.way.kind === 'refusal' ? (next.way.refusal.facts as { why: string }).why : 'can';
        return next === undefined ? 'nothing' : `${next.entry.request.kind} ${why}`;
      }),
    );

  it('is kept at one moment, goes back to it as one, and the going back is undone as one', async () => {
    const before = await seen();
    const { point, pausedMs } = await act(here, 'shop', { kind: 'checkpoint', title: 'clean' });
    assert.ok(point?.spreadMs !== undefined && pausedMs !== undefined);
    assert.deepEqual(await seen(), before);
    assert.deepEqual(await snapshots(), [['clean'], ['clean'], ['clean']]);
    assert.deepEqual(
      point.members.map(({ name, state, kind }) => [name, state, kind]),
      [
        ['db', 'running', 'memory'],
        ['api', 'running', 'memory'],
        ['idle', 'off', 'offline'],
      ],
    );
    await mark(2);
    const changed = await seen();
    await act(here, 'shop', { kind: 'revert', title: 'clean' });
    assert.deepEqual(await seen(), before);
    await act(here, 'shop', { kind: 'undo' });
    assert.deepEqual(await seen(), changed);
    // And the undoing of that: the RAM is some seconds old by now, and no guest has an agent.
    const { members } = await act(here, 'shop', { kind: 'undo' });
    assert.deepEqual(
      members.map(({ name, clockBehindMs = 0 }) => [name, clockBehindMs >= 1_000]),
      [
        ['db', true],
        ['api', true],
        ['idle', false],
      ],
    );
    assert.deepEqual(await seen(), before);
    // The log of each says which revert undoes which.
    for (const ref of refs) {
      const reverts = (await here.engine.readLog(ref)).filter(({ request }) => request.kind === 'revert');
      assert.deepEqual(
        reverts.map(({ undoes }) => undoes),
        [undefined, reverts[0]!.id, reverts[1]!.id],
      );
    }
    assert.deepEqual(await nextUndone(), ['revert ofSystem', 'revert ofSystem', 'revert ofSystem']);
    assert.deepEqual(
      (await here.systems.find('shop'))!.points.map(({ auto }) => auto ?? 'own'),
      ['own', 'revert'],
    );
    await act(here, 'shop', { kind: 'delete', title: 'clean' });
    assert.ok((await snapshots()).every((own) => !own.includes('clean')));
    await journalIsEmpty();
  });

  it('keeps no state before all are paused, and resumes none before', async () => {
    const connection = await openConnection(daemon.uri, { environment: daemon.env, log: silentLog });
    const { onDidHappen } = await listen(connection);
    const kinds: string[] = [];
    const bothPaused = new Promise<void>((resolve) => onDidHappen(({ kind }) => kinds.push(kind) === 2 && resolve()));
    const db: string[] = [];
    here.disturb({ vm: 'api', step: 'createSnapshot', moment: 'paused' }, async () => {
      await bothPaused;
      // It waits for as long as nobody says that this one is paused.
      db.push(await virsh('domstate', 'db'), await virsh('snapshot-list', 'db', '--name'));
    });
    await act(here, 'shop', { kind: 'checkpoint', title: 'clean' });
    connection.close();
    assert.deepEqual(db, ['paused', '']);
    assert.deepEqual(kinds, ['suspended', 'suspended', 'resumed', 'resumed']);
  });

  for (const spot of inTier([
    { vm: 'api', step: 'createSnapshot', moment: 'before' },
    { vm: 'api', step: 'createSnapshot', moment: 'paused' },
    { vm: 'api', step: 'createSnapshot', moment: 'ready' },
    { vm: 'idle', step: 'createSnapshot', moment: 'before' },
  ] as const)) {
    it(`is as it was when a member fails ${spot.moment} ${spot.step} of a checkpoint: ${spot.vm}`, async () => {
      const before = await seen();
      here.disturb(spot, () => Promise.reject(new Failure('failed', { libvirtMessage: 'made up' })));
      const failure = await failureOf(act(here, 'shop', { kind: 'checkpoint', title: 'clean' }));
      assert.deepEqual(
        failure.members.map(({ outcome }) => outcome),
        ['asBefore', 'asBefore', 'asBefore'],
      );
      assert.equal(failure.members[names.indexOf(spot.vm)]!.failure?.kind, 'failed');
      assert.deepEqual(await seen(), before);
      assert.deepEqual(await nextUndone(), ['nothing', 'nothing', 'nothing']);
      assert.deepEqual(await snapshots(), [[], [], []]);
      assert.deepEqual((await here.systems.find('shop'))!.points, []);
      await journalIsEmpty();
    });
  }

  for (const spot of inTier([
    { vm: 'db', step: 'revert', moment: 'before' },
    { vm: 'db', step: 'createSnapshot', moment: 'before' },
    { vm: 'db', step: 'power', moment: 'before' },
    { vm: 'idle', step: 'revert', moment: 'before' },
  ] as const)) {
    itRarely(`is as it was when a member fails ${spot.moment} ${spot.step} of a revert: ${spot.vm}`, async () => {
      await act(here, 'shop', { kind: 'checkpoint', title: 'clean' });
      await mark(2);
      await virsh('snapshot-create-as', 'idle', 'other');
      const before = await seen();
      here.disturb(spot, () => Promise.reject(new Failure('failed', { libvirtMessage: 'made up' })));
      const failure = await failureOf(act(here, 'shop', { kind: 'revert', title: 'clean' }));
      assert.deepEqual(
        failure.members.map(({ outcome }) => outcome),
        ['asBefore', 'asBefore', 'asBefore'],
      );
      assert.equal(failure.details.recovered, 'before');
      assert.deepEqual(await seen(), before);
      // On that of the third one virsh has made another.
      assert.deepEqual(await nextUndone(), ['create ofSystem', 'create ofSystem', 'create restsOn']);
      assert.deepEqual(
        (await here.systems.find('shop'))!.points.map(({ auto }) => auto ?? 'own'),
        ['own'],
      );
      await journalIsEmpty();
      await act(here, 'shop', { kind: 'revert', title: 'clean' });
    });
  }

  for (const spot of inTier([
    { vm: 'idle', step: 'createSnapshot', moment: 'before' },
    { vm: 'api', step: 'createSnapshot', moment: 'ready' },
    { vm: 'api', step: 'createSnapshot', moment: 'paused' },
  ] as const)) {
    it(`is as it was when a checkpoint is cancelled ${spot.moment} ${spot.step}: ${spot.vm}`, async () => {
      const before = await seen();
      const controller = new AbortController();
      here.disturb(spot, () => {
        controller.abort();
        return Promise.resolve();
      });
      const wish = { signal: controller.signal };
      const failure = await failureOf(act(here, 'shop', { kind: 'checkpoint', title: 'clean' }, wish));
      assert.equal(failure.kind, 'cancelled');
      assert.deepEqual(
        failure.members.map(({ outcome }) => outcome),
        ['asBefore', 'asBefore', 'asBefore'],
      );
      assert.deepEqual([await seen(), await snapshots()], [before, [[], [], []]]);
      assert.deepEqual((await here.systems.find('shop'))!.points, []);
      await journalIsEmpty();
    });
  }

  for (const spot of inTier([
    { vm: 'db', step: 'revert', moment: 'before' },
    { vm: 'db', step: 'power', moment: 'before' },
  ] as const)) {
    itRarely(`is as it was when a revert is cancelled ${spot.moment} ${spot.step}: ${spot.vm}`, async () => {
      await act(here, 'shop', { kind: 'checkpoint', title: 'clean' });
      await mark(2);
      const before = await seen();
      const controller = new AbortController();
      here.disturb(spot, () => {
        controller.abort();
        return Promise.resolve();
      });
      const wish = { signal: controller.signal };
      const failure = await failureOf(act(here, 'shop', { kind: 'revert', title: 'clean' }, wish));
      assert.equal(failure.kind, 'cancelled');
      assert.deepEqual(
        failure.members.map(({ outcome }) => outcome),
        ['asBefore', 'asBefore', 'asBefore'],
      );
      assert.deepEqual(await seen(), before);
      assert.deepEqual(
        (await here.systems.find('shop'))!.points.map(({ auto }) => auto ?? 'own'),
        ['own'],
      );
      await journalIsEmpty();
      // And nothing stands in the way of another.
      await act(here, 'shop', { kind: 'revert', title: 'clean' });
    });
  }

  itRarely('tells who does not go on, when all are back', async () => {
    await act(here, 'shop', { kind: 'checkpoint', title: 'clean' });
    here.disturb({ vm: 'db', step: 'power', moment: 'before', nth: 1 }, () =>
      Promise.reject(new Failure('failed', { libvirtMessage: 'made up' })),
    );
    const { members } = await act(here, 'shop', { kind: 'revert', title: 'clean' });
    assert.deepEqual(
      members.map(({ outcome }) => outcome),
      ['notStarted', 'done', 'done'],
    );
    assert.equal(await virsh('domstate', 'db'), 'paused');
    assert.equal(await counterOf(vms[1]!), 1);
    await journalIsEmpty();
    await virsh('resume', 'db');
  });

  for (const [what, spot, end] of inTier([
    ['checkpoint', { vm: 'db', step: 'createSnapshot', moment: 'before' }, 'before'],
    ['revert', { vm: 'api', step: 'revert', moment: 'before' }, 'either'],
    ['revert', { vm: 'db', step: 'power', moment: 'before', nth: 1 }, 'after'],
    ['checkpoint', { vm: 'db', step: 'createSnapshot', moment: 'ready' }, 'before'],
    ['checkpoint', { vm: 'api', step: 'createSnapshot', moment: 'paused' }, 'before'],
    ['checkpoint', { vm: 'idle', step: 'createSnapshot', moment: 'after' }, 'either'],
    ['checkpoint', { vm: 'db', step: 'createSnapshot', moment: 'after' }, 'either'],
    ['revert', { vm: 'db', step: 'power', moment: 'after' }, 'before'],
    ['revert', { vm: 'db', step: 'createSnapshot', moment: 'after' }, 'either'],
    ['revert', { vm: 'api', step: 'revert', moment: 'after' }, 'either'],
  ] as const)) {
    it(`is whole again when the process dies ${spot.moment} ${spot.step} of a ${what}: ${spot.vm} ${'nth' in spot ? spot.nth : 0}`, async () => {
      if (what === 'revert') {
        await act(here, 'shop', { kind: 'checkpoint', title: 'clean' });
      }
      const clean = await seen();
      if (what === 'revert') {
        await mark(2);
      }
      const before = await seen();
      const earlier = await snapshots();
      await die({ kind: what, title: 'clean' }, spot);

      // Nobody begins anything on a member meanwhile.
      const start = { kind: 'create', vm: refs[2]!, snapshotKind: 'offline', title: 'between' } as const;
      const why = await here.engine.runOperation(start).catch((error: unknown) => error);
      assert.ok(why instanceof Failure, String(why));
      assert.equal(why.details.refusal?.reason, 'systemInterrupted');

      const { system } = (await here.systems.find('shop'))!;
      const { to } = await here.systems.recover(system, 'automatic');
      assert.ok(end === 'either' ? to !== 'explain' && to !== 'nothing' : to === end, to);
      assert.deepEqual(await seen(), what === 'revert' && to === 'after' ? clean : before);
      const titles = (await here.systems.find('shop'))!.points.map(({ auto }) => auto ?? 'own');
      if (what === 'checkpoint') {
        assert.deepEqual(titles, to === 'after' ? ['own'] : []);
        assert.deepEqual(await snapshots(), to === 'after' ? [['clean'], ['clean'], ['clean']] : earlier);
      } else {
        assert.deepEqual(titles, to === 'after' ? ['own', 'revert'] : ['own']);
      }
      await journalIsEmpty();
      await here.engine.runOperation(start);
    });
  }

  itRarely('is whole again by itself where an editor opens its connection', async () => {
    await act(here, 'shop', { kind: 'checkpoint', title: 'clean' });
    await mark(2);
    const before = await seen();
    await die({ kind: 'revert', title: 'clean' }, { vm: 'db', step: 'power', moment: 'after' });
    assert.equal(await virsh('domstate', 'db'), 'paused');
    const engine = new Engine({
      open: libvirtHypervisor(silentLog, daemon.env),
      log: silentLog,
      journal: { folder, editor: 'Code' },
    });
    const recovered = await new Promise<RecoveredSystem>((tell) => {
      const isProtected = (): boolean => false;
      recoverWhenOpen({ engine, folder, log: silentLog, isProtected, automatic: () => 'all', tell });
      engine.setConnections([daemon.uri]);
      void engine.connect(daemon.uri);
    });
    engine.dispose();
    assert.equal(recovered.to, 'before');
    assert.deepEqual(await seen(), before);
    await journalIsEmpty();
  });

  itRarely('leaves to a person what is not as an interruption leaves it', async () => {
    await die({ kind: 'checkpoint', title: 'clean' }, { vm: 'db', step: 'createSnapshot', moment: 'paused' });
    await virsh('destroy', 'api');
    const stored = (await here.systems.find('shop'))!;
    assert.equal((await here.systems.recover(stored.system, 'automatic')).to, 'explain');
    assert.equal(await virsh('domstate', 'db'), 'paused');
    await assert.rejects(here.systems.planCheckpoint(stored, { title: 'other' }), { kind: 'refused' });
    await assert.rejects(here.systems.forget(stored), { kind: 'refused' });
    await here.systems.dismiss(stored.system);
    await virsh('resume', 'db');
    await here.systems.planCheckpoint(stored, { title: 'other' });
    if ((await snapshots())[1]!.length === 0) {
      // It may have been switched off while QEMU wrote its snapshot: then the tag is there, and libvirt does not know
      // it.
      await run('qemu-img', ['snapshot', '-d', 'clean', join(daemon.dir, 'api', 'api-0.qcow2')]);
    }
  });

  it('saves seamlessly those that can be, at the moment of the others, and none live', async () => {
    const outside = ['out-1', 'out-2'];
    const [db, ...raw] = [
      vms[0]!,
      ...(await Promise.all(
        outside.map((name) =>
          OracleVm.define(daemon, { name, disks: ['raw'], diskMiB: 4, folder: join(daemon.dir, name) }),
        ),
      )),
    ];
    const all = [db, ...raw];
    await Promise.all(outside.map((name) => virsh('start', name)));
    await here.engine.refresh({ connection: daemon.uri });
    const { capabilities } = here.engine.connections[0]!;
    const isPossible = capabilities!.hypervisor >= versionOf(10, 0) && capabilities!.externalRevert;
    const views = all.map(({ name }) => here.engine.findVms(name)[0]!);
    await here.systems.make('mixed', views);
    const wish = { kind: 'checkpoint', title: 'both', seamless: true } as const;
    await markAll(all, 1);
    here.disturb({ vm: 'out-2', step: 'createSnapshot', moment: 'paused' }, () =>
      Promise.reject(new Failure('failed', { libvirtMessage: 'made up' })),
    );
    const { members } = await failureOf(act(here, 'mixed', wish));
    assert.deepEqual(
      members.map(({ outcome }) => outcome),
      ['asBefore', 'asBefore', 'asBefore'],
    );
    await act(here, 'mixed', wish);
    await markAll(all, 2);
    const ways = views.map(({ ref }) => here.engine.findVm(ref)!.tree!.snapshots[0]!.trailers.ramWritten);
    assert.deepEqual(ways, isPossible ? [undefined, 'seamless', 'seamless'] : [undefined, 'stopped', 'stopped']);
    await act(here, 'mixed', { kind: 'revert', title: 'both' });
    assert.deepEqual(await Promise.all(all.map(held)), [
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    await journalIsEmpty();
    await Promise.all(outside.map((name) => virsh('destroy', name)));
  });

  itRarely('has members of both styles: one whose disk is raw is kept in files of its own', async () => {
    const raw = await OracleVm.define(daemon, {
      name: 'raw',
      disks: ['raw'],
      diskMiB: 4,
      folder: join(daemon.dir, 'raw'),
    });
    await virsh('start', 'raw');
    await here.engine.refresh({ connection: daemon.uri });
    const [db, other] = ['db', 'raw'].map((name) => here.engine.findVms(name)[0]!);
    await here.systems.make('mixed', [db!, other!]);
    const say = (value: number): Promise<unknown> =>
      Promise.all(
        [vms[0]!, raw].map((vm) =>
          vm.talk(async (guest) => {
            await guest.setCounter(value);
            await guest.write(0, [[1, value]]);
          }),
        ),
      );
    const held = (): Promise<readonly unknown[]> =>
      Promise.all(
        [vms[0]!, raw].map((vm) => vm.talk(async (guest) => [(await guest.ram()).counter, await guest.read(0, 1)])),
      );
    await say(1);
    await act(here, 'mixed', { kind: 'checkpoint', title: 'both' });
    await say(2);
    // The one in its own files fails when the other one is back, and the other way round.
    for (const spot of [
      { vm: 'db', step: 'revert', moment: 'before' },
      { vm: 'raw', step: 'createSnapshot', moment: 'before' },
    ] as const) {
      here.disturb(spot, () => Promise.reject(new Failure('failed', { libvirtMessage: 'made up' })));
      const failure = await failureOf(act(here, 'mixed', { kind: 'revert', title: 'both' }));
      assert.deepEqual(
        failure.members.map(({ outcome }) => outcome),
        ['asBefore', 'asBefore'],
      );
      assert.deepEqual(await held(), [
        [2, 2],
        [2, 2],
      ]);
    }
    await act(here, 'mixed', { kind: 'revert', title: 'both' });
    assert.deepEqual(await held(), [
      [1, 1],
      [1, 1],
    ]);
    await act(here, 'mixed', { kind: 'undo' });
    assert.deepEqual(await held(), [
      [2, 2],
      [2, 2],
    ]);
    await journalIsEmpty();
  });

  /** The command line: what it said where it was done, else what it complained of. */
  const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const door = await buildDoor('commandLine', join(daemon.dir, 'program'));
    const env = { ...daemon.env, VIRT_REWIND_STATE: folder, LIBVIRT_DEFAULT_URI: daemon.uri, LC_ALL: 'C' };
    const child = spawn(process.execPath, [door, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => (out += String(data)));
    child.stderr.on('data', (data) => (err += String(data)));
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${out}${err}`);
    return exit === 'done' ? out : err;
  };
  const json = async (...words: readonly string[]): Promise<void> => {
    assert.deepEqual(faultsOf(JSON.parse(await cli('done', ...words, '--json'))), []);
  };

  itRarely('is acted on from the command line, and told in words and in JSON', async () => {
    assert.match(await cli('failed', 'system', 'create', 'shop', 'db'), /already/u);
    await cli('notFound', 'system', 'revert', 'shop', 'nothing', '--yes');
    await cli('notFound', 'system', 'undo', 'nobody');
    await json('system', 'create', 'pair', 'db', 'idle');
    await json('system', 'rename', 'pair', 'two');
    await json('system', 'order', 'two', 'idle', 'db', '--for', 'time', '--seconds', '0');
    await cli('failed', 'system', 'order', 'two', 'db', 'idle');
    await json('system', 'rename', 'two', 'db');
    assert.match(await cli('ambiguous', 'start', 'db', '--plan'), /virt-rewind system start db/u);
    assert.match(await cli('done', 'system', 'start', 'db', '--plan', '--yes'), /Start the system db/u);
    await json('system', 'forget', 'db');
    const before = await seen();
    await json('system', 'checkpoint', 'shop', 'clean', '--plan');
    assert.deepEqual(await snapshots(), [[], [], []]);
    assert.match(await cli('done', 'system', 'checkpoint', 'shop', 'clean'), /restore point “clean”/u);
    await cli('failed', 'system', 'checkpoint', 'shop', 'clean');
    await mark(2);
    const changed = await seen();
    assert.match(await cli('unanswered', 'system', 'revert', 'shop', 'clean'), /Revert the system shop to “clean”\?/u);
    assert.match(await cli('done', 'system', 'revert', 'shop', 'clean', '--plan'), /virsh .*snapshot-revert/u);
    assert.deepEqual(await seen(), changed);
    assert.match(await cli('done', 'system', 'revert', 'shop', 'clean', '--yes'), /virt-rewind system undo shop/u);
    assert.deepEqual(await seen(), before);
    // As a VM is: by its name.
    await json('undo', 'shop', '--yes');
    assert.deepEqual(await seen(), changed);
    await json('checkpoint', 'shop', 'again', '--plan');
    await json('start', 'shop', '--plan');
    assert.match(await cli('notFound', 'revert', 'shop', 'nothing', '--yes'), /no restore point “nothing”/u);
    assert.match(await cli('usage', 'revert', 'shop', 'clean', '--after', 'off'), /--after is for one VM/u);
    assert.match(await cli('usage', 'undo', 'shop', '1f0c22ab'), /ENTRY is for one VM/u);
    await cli('notFound', 'system', 'start', 'db');
    await cli('notFound', 'system', 'stop', 'db', '--force', '--yes');
    assert.match(await cli('usage', 'stop', 'shop', '--force', '--yes'), /--force is for one VM/u);
    assert.equal(await virsh('domstate', 'db'), 'running');
    await json('system', 'revert', 'shop', 'clean', '--plan');
    await json('system', 'health', 'shop');
    await json('system', 'recover', 'shop');
    await json('system', 'list');
    await json('history', 'db');
    assert.match(await cli('done', 'history', 'db'), /with the system shop/u);
    assert.match(await cli('done', 'system', 'list', 'shop'), /○ clean/u);
    await json('system', 'compare', 'shop', 'clean');
    assert.match(await cli('done', 'system', 'compare', 'shop', 'clean'), /clean and .* have the same hardware/u);
    await cli('notFound', 'system', 'compare', 'shop', 'clean', 'nothing');
    const rewind = await libraryIn(folder, daemon.uri);
    const shop = await rewind.system('shop');
    await assert.rejects(rewind.system('nobody'), { kind: 'notFound' });
    await assert.rejects(shop.revert('nothing'), { kind: 'notFound' });
    assert.deepEqual(
      (await shop.revert('clean')).members.map(({ outcome, kind }) => [outcome, kind]),
      [
        ['done', 'memory'],
        ['done', 'memory'],
        ['done', 'offline'],
      ],
    );
    assert.deepEqual(await seen(), before);
    assert.deepEqual(
      (await shop.info()).points.map(({ undo }) => undo),
      [false, true],
    );
    await shop.undo();
    assert.deepEqual(await seen(), changed);
    await rewind.close();
    await virsh('snapshot-delete', 'idle', 'clean');
    assert.match(await cli('done', 'system', 'list', 'shop'), /no way back: the snapshot of idle no longer exists/u);
    assert.match(await cli('done', 'system', 'compare', 'shop', 'clean'), /idle.*its snapshot no longer exists/su);
    assert.match(await cli('done', 'system', 'health', 'shop'), /db/u);
    assert.match(await cli('notFound', 'system', 'revert', 'shop', 'clean', '--yes'), /db: unchanged/u);
    await json('system', 'delete', 'shop', 'clean', '--yes');
    assert.equal(await cli('done', 'complete-words', '--', 'system', 'checkpoint', 's'), 'shop\n');
    await journalIsEmpty();
  });

  itRarely('is started as one, and is off where all its VMs are, from the command line and the library', async () => {
    const states = (): Promise<readonly string[]> => Promise.all(names.map((name) => virsh('domstate', name)));
    const rewind = await libraryIn(folder, daemon.uri);
    const shop = await rewind.system('shop');
    await json('system', 'start', 'shop', '--plan');
    assert.match(await cli('done', 'system', 'start', 'shop', '--plan'), /virsh .*start/u);
    assert.deepEqual(await states(), ['running', 'running', 'shut off']);
    assert.match(await cli('done', 'system', 'start', 'shop'), /1 of 1 VM started/u);
    assert.deepEqual(await states(), ['running', 'running', 'running']);
    assert.match(await cli('done', 'system', 'start', 'shop'), /already running/u);
    await json('system', 'start', 'shop');
    // What it counts as up by is waited for also where it runs already.
    await shop.order('db', { wait: { host: '127.0.0.1', port: 1 }, seconds: 0 });
    await shop.order('api', { after: ['db'] });
    await assert.rejects(shop.order('db', { after: ['api'] }), { kind: 'invalid' });
    await assert.rejects(shop.order('db', { wait: { port: 70_000 } }), { kind: 'invalid' });
    await assert.rejects(shop.order('nobody', {}), { kind: 'notFound' });
    await assert.rejects(shop.start(), { kind: 'failed' });
    await shop.order('db', {});
    assert.ok((await shop.start()).members.every(({ outcome }) => outcome === 'done'));
    // A guest that stands still hears nothing, so that nobody is asked.
    await virsh('suspend', 'api');
    assert.match(await cli('refused', 'system', 'stop', 'shop'), /api/u);
    await assert.rejects(shop.shutDown(), { kind: 'refused', reason: 'wrongState' });
    assert.deepEqual(await states(), ['running', 'paused', 'running']);
    for (const name of names) {
      await virsh('destroy', name);
    }
    await json('system', 'stop', 'shop');
    assert.match(await cli('done', 'system', 'stop', 'shop'), /are already off/u);
    assert.equal((await shop.shutDown()).members.length, 3);
    await cli('notFound', 'system', 'start', 'nobody');
    await rewind.close();
  });

  itRarely('has restore points that get other titles, from the command line and the library', async () => {
    const rewind = await libraryIn(folder, daemon.uri);
    const shop = await rewind.system('shop');
    await act(here, 'shop', { kind: 'checkpoint', title: 'one' });
    await act(here, 'shop', { kind: 'checkpoint', title: 'two' });
    await cli('failed', 'system', 'rename-point', 'shop', 'one', 'two');
    await cli('notFound', 'system', 'rename-point', 'shop', 'nothing', 'golden');
    await cli('usage', 'system', 'rename-point', 'shop', 'one', ' ');
    await json('system', 'rename-point', 'shop', 'one', 'golden');
    await assert.rejects(shop.renamePoint('golden', 'two'), { kind: 'exists' });
    await shop.renamePoint('two', 'silver');
    const [system] = await rewind.systems();
    assert.deepEqual([system?.name, system?.points.map(({ title }) => title)], ['shop', ['golden', 'silver']]);
    assert.deepEqual((await snapshots())[0], ['one', 'two']);
    await rewind.close();
  });

  it('refuses before anything is touched where a member is gone or lacks the snapshot, and says so', async () => {
    await act(here, 'shop', { kind: 'checkpoint', title: 'clean' });
    await virsh('snapshot-delete', 'idle', 'clean');
    const before = await seen();
    const failure = await failureOf(act(here, 'shop', { kind: 'revert', title: 'clean' }));
    assert.equal(failure.kind, 'notFound');
    assert.equal(failure.members[2]!.failure?.details.snapshot, 'clean');
    assert.deepEqual(await seen(), before);
    const stored = (await here.systems.find('shop'))!;
    const looked = await here.systems.look(stored);
    assert.deepEqual([...looked.seen.values()], [['there', 'there', 'snapshotGone']]);
    await here.systems.make('ghosts', [here.engine.findVms('db')[0]!]);
    const ghosts = (await here.systems.find('ghosts'))!;
    const gone = { ...ghosts.system.members[0]!, uuid: '00000000-0000-4000-8000-000000000000', name: 'gone' };
    const withGhost = { ...ghosts, system: { ...ghosts.system, members: [...ghosts.system.members, gone] } };
    assert.equal((await failureOf(here.systems.planCheckpoint(withGhost, { title: 'x' }))).kind, 'notFound');
    await journalIsEmpty();
  });

  it('deletes what is left of a restore point where a member has lost its part since that was agreed to', async () => {
    await act(here, 'shop', { kind: 'checkpoint', title: 'clean' });
    const stored = (await here.systems.find('shop'))!;
    const plan = await here.systems.planDelete(stored, stored.points[0]!);
    await virsh('snapshot-delete', 'db', 'clean');
    const { members } = await here.systems.run(plan);
    assert.deepEqual(
      members.map(({ name, outcome }) => [name, outcome]),
      [
        ['api', 'done'],
        ['idle', 'done'],
      ],
    );
    assert.deepEqual(await snapshots(), [[], [], []]);
    assert.deepEqual((await here.systems.find('shop'))!.points, []);
    await journalIsEmpty();
  });

  it('has one operation at a time: who comes second waits in one process, and is busy in another', async () => {
    const other = await openSystems(daemon.uri, folder, daemon.env);
    let second: unknown;
    here.disturb({ vm: 'idle', step: 'createSnapshot', moment: 'before' }, async () => {
      second = await other.engine
        .runOperation({ kind: 'power', vm: refs[2]!, action: 'start' })
        .catch((error: unknown) => error);
    });
    const both = await Promise.all([
      act(here, 'shop', { kind: 'checkpoint', title: 'one' }),
      act(here, 'shop', { kind: 'checkpoint', title: 'two' }),
    ]);
    other.dispose();
    assert.equal((second as Failure).kind, 'busy');
    assert.deepEqual(both.map(({ point }) => point?.title).sort(), ['one', 'two']);
    assert.deepEqual(await snapshots(), [
      ['one', 'two'],
      ['one', 'two'],
      ['one', 'two'],
    ]);
  });
});
