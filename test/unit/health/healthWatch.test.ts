// The watch over an inventory made by hand, with a clock that the test moves.
import assert from 'node:assert/strict';
import { type Exception, usualThresholds } from '../../../src/diagnosis/thresholds.js';
import type { ConnectionView, StoreChange, VmView } from '../../../src/live/views.js';
import { Emitter } from '../../../src/base/emitter.js';
import { silentLog } from '../../silentLog.js';
import type { Diagnosis } from '../../../src/diagnosis/examination.js';
import { Failure } from '../../../src/domain/failure.js';
import { HealthWatch, type VmProblem } from '../../../src/health/healthWatch.js';
import { FakeClock, settled } from '../engine/fakeClock.js';
import { capabilities, disk, tree, vm } from '../domain/someFacts.js';

const uri = 'qemu:///system';
const minute = 60_000;

interface Rig {
  readonly watch: HealthWatch;
  readonly clock: FakeClock;
  readonly told: (readonly VmProblem[])[];
  sweeps: number;
  diagnoses: readonly Diagnosis[];
  failSweep: boolean;
  /** What happens before its answer has come. */
  afterExamination: () => void;
  saved: unknown;
  set(...views: readonly VmView[]): void;
  connection: ConnectionView;
  fire(): Promise<void>;
  pass(ms: number): Promise<void>;
}

/** With a chain of so many deltas. */
function view(name: string, deltas: number, more: Partial<VmView> = {}): VmView {
  const backing = Array.from({ length: deltas }, (_, at) => `/img/${name}.${at}`);
  return {
    ref: { connection: uri, uuid: name },
    vm: vm({ name, uuid: name, disks: [disk('vda', `/img/${name}`, { backing })] }),
    tree: tree([]),
    ...more,
  };
}

function rig(saved?: unknown, clock = new FakeClock(), ofLabs: readonly Exception[] = []): Rig {
  const changed = new Emitter<StoreChange>();
  const told: (readonly VmProblem[])[] = [];
  const r: Rig = {
    clock,
    told,
    sweeps: 0,
    diagnoses: [],
    failSweep: false,
    afterExamination: () => undefined,
    saved,
    connection: { uri, state: 'connected', capabilities: capabilities(), vms: [], loaded: true },
    set: (...vms) => {
      r.connection = { ...r.connection, vms };
    },
    fire: async () => {
      changed.fire({ connection: uri });
      await r.pass(minute / 30);
    },
    pass: async (ms) => {
      await clock.advance(ms);
      await settled();
    },
    watch: undefined as unknown as HealthWatch,
  };
  const watch = new HealthWatch({
    engine: {
      get connections() {
        return [r.connection];
      },
      onDidChange: changed.event,
      sweep: () => {
        r.sweeps += 1;
        return r.failSweep ? Promise.reject(new Failure('lost', {})) : Promise.resolve();
      },
      readLayers: () => Promise.resolve({ readAt: 0, from: 'files', disks: [], snapshots: [], rooms: [] }),
      examine: ({ uuid }) => {
        const { vm: seen, tree: all } = r.connection.vms.find(({ ref }) => ref.uuid === uuid)!;
        r.afterExamination();
        return Promise.resolve({
          of: { vm: seen, tree: all! },
          readable: { altered: [] },
          abilities: [],
          needed: [],
          diagnoses: r.diagnoses,
        });
      },
      findVm: (ref) => r.connection.vms.find((one) => one.ref.uuid === ref.uuid),
    },
    notes: {
      read: () => Promise.resolve(r.saved === undefined ? undefined : JSON.parse(JSON.stringify(r.saved))),
      write: (value) => {
        r.saved = value;
        return Promise.resolve();
      },
    },
    log: silentLog,
    clock,
    ofLabs: () => Promise.resolve(ofLabs),
  });
  watch.onDidFind((found) => told.push(found));
  watch.setSettings({ sweepMinutes: 10, thresholds: usualThresholds, exceptions: [] });
  return Object.assign(r, { watch });
}

const names = (r: Rig): readonly (readonly string[])[] => r.told.map((all) => all.map(({ ref }) => ref.uuid));

describe('the watch over health', () => {
  it('does nothing for three minutes, then sweeps every ten', async () => {
    const r = rig();
    await r.pass(3 * minute - 1);
    assert.equal(r.sweeps, 0);
    await r.pass(1);
    assert.equal(r.sweeps, 1);
    await r.pass(10 * minute - 1);
    assert.equal(r.sweeps, 1);
    await r.pass(1);
    assert.equal(r.sweeps, 2);
  });

  it('sweeps as soon as the view is seen, and not again for that within ten minutes', async () => {
    const r = rig();
    r.watch.sweepIfStale();
    await r.pass(3_000);
    assert.equal(r.sweeps, 1);
    r.watch.sweepIfStale();
    await r.pass(5 * minute);
    assert.equal(r.sweeps, 1);
  });

  it('never sweeps by itself where that is switched off, and again where it is switched on', async () => {
    const r = rig();
    r.watch.setSettings({ sweepMinutes: 0, thresholds: usualThresholds, exceptions: [] });
    r.watch.sweepIfStale();
    await r.pass(99 * minute);
    assert.equal(r.sweeps, 0);
    r.watch.setSettings({ sweepMinutes: 1, thresholds: usualThresholds, exceptions: [] });
    await r.pass(3 * minute);
    assert.equal(r.sweeps, 1);
  });

  it('finds nothing wrong with the VM of a lesson, which piles up layers', async () => {
    const r = rig();
    const lesson = view('lesson', 0);
    const { backing = [] } = view('a', 9).vm.disks[0]!;
    const disks = [disk('vda', '/tmp/virt-rewind-lesson-0123456789ab/base.Layer-8', { backing })];
    r.set(view('a', 9), { ...lesson, vm: { ...lesson.vm, disks } });
    await r.pass(3 * minute);
    assert.deepEqual(names(r), [['a']]);
    assert.deepEqual(r.watch.healthOf(lesson.ref)?.found, []);
  });

  it('goes by what the files of labs say of their VMs, and by a setting for the VM before that', async () => {
    const [few, many] = [{ layers: 2 }, { layers: 20 }];
    const r = rig(undefined, new FakeClock(), [
      { vm: 'a', thresholds: few },
      { vm: 'b', thresholds: few },
      { vm: 'c', thresholds: many },
    ]);
    r.watch.setSettings({
      sweepMinutes: 10,
      thresholds: usualThresholds,
      exceptions: [{ vm: 'b', thresholds: many }],
    });
    r.set(view('a', 3), view('b', 9), view('c', 9), view('d', 3));
    await r.pass(3 * minute);
    assert.deepEqual(names(r), [['a']]);
  });

  it('tells what is wrong at the start in one piece, and of a new thing once', async () => {
    const r = rig();
    r.set(view('a', 9), view('b', 10), view('c', 8));
    await r.fire();
    assert.deepEqual(names(r), [], 'nothing before the first sweep is over');
    assert.equal(r.watch.wrong().length, 2, 'but it is shown');
    await r.pass(3 * minute);
    assert.deepEqual(names(r), [['a', 'b']]);
    r.set(view('a', 12), view('b', 10), view('c', 9));
    await r.fire();
    assert.deepEqual(names(r).slice(1), [['c']]);
    await r.pass(60 * minute);
    assert.equal(r.told.length, 2);
  });

  it('tells nothing again after a reload, nor in another window', async () => {
    const r = rig();
    r.set(view('a', 9));
    await r.pass(3 * minute);
    const later = rig(r.saved);
    later.set(view('a', 9));
    await later.pass(3 * minute);
    assert.deepEqual(names(later), []);
    assert.equal(later.watch.wrong().length, 1);
  });

  it('tells again what was mended and came back, after more than an hour', async () => {
    const r = rig();
    r.set(view('a', 9));
    await r.pass(3 * minute);
    r.set(view('a', 1));
    await r.fire();
    assert.equal(r.watch.wrong().length, 0);
    await r.pass(80 * minute);
    r.set(view('a', 9));
    await r.fire();
    assert.deepEqual(names(r), [['a'], ['a']]);
  });

  it('says nothing new of a connection that is lost, and forgets nothing', async () => {
    const r = rig();
    r.set(view('a', 9));
    await r.pass(3 * minute);
    r.connection = { ...r.connection, state: 'failed' };
    r.failSweep = true;
    await r.fire();
    await r.pass(120 * minute);
    assert.equal(r.watch.wrong().length, 1, 'what was known is still shown');
    r.connection = { ...r.connection, state: 'connected' };
    r.failSweep = false;
    await r.pass(20 * minute);
    assert.equal(r.told.length, 1);
    assert.ok(r.sweeps >= 13, 'a sweep that fails is no end of it');
  });

  it('keeps what was said of a VM on which something is being done', async () => {
    const r = rig();
    r.set(view('a', 9));
    await r.pass(3 * minute);
    const request = { kind: 'delete', vm: { connection: uri, uuid: 'a' }, snapshot: 's', scope: 'one' } as const;
    r.set(view('a', 30, { operation: { request, startedAt: 0, progress: { step: '', cancellable: false } } }));
    await r.fire();
    assert.equal(r.told.length, 1);
    const [found] = r.watch.wrong();
    assert.equal(found?.problem.kind === 'chainTooDeep' && found.problem.deltas, 9);
  });

  it('goes on when the clock goes back', async () => {
    const r = rig();
    r.set(view('a', 9));
    await r.pass(3 * minute);
    const back = new FakeClock();
    const later = rig(r.saved, back);
    later.set(view('a', 9), view('b', 9));
    later.watch.sweepIfStale();
    await later.pass(3 * minute);
    await later.pass(30 * minute);
    assert.deepEqual(names(later), [['b']]);
    assert.ok(later.sweeps >= 3);
  });

  it('shows and tells nothing of what is snoozed, until that is over', async () => {
    const r = rig();
    r.set(view('a', 9));
    await r.pass(3 * minute);
    await r.watch.snooze([r.watch.wrong()[0]!.key], 60 * minute);
    assert.deepEqual(r.watch.wrong(), []);
    assert.deepEqual(r.watch.healthOf({ connection: uri, uuid: 'a' })!.found.length, 0);
    await r.pass(50 * minute);
    assert.equal(r.told.length, 1);
    // After a reload too, before its first sweep.
    const later = rig(r.saved, r.clock);
    later.set(view('a', 9), view('b', 9));
    await later.fire();
    assert.deepEqual([later.sweeps, later.told], [0, []]);
    assert.deepEqual(
      later.watch.wrong().map(({ ref }) => ref.uuid),
      ['b'],
    );
    later.watch.dispose();
    await r.pass(20 * minute);
    assert.equal(r.told.length, 2);
    assert.equal(r.watch.wrong().length, 1);
  });

  it('counts what an examination found until the VM changes', async () => {
    const r = rig();
    const a = view('a', 1);
    r.set(a);
    r.diagnoses = [{ problem: { kind: 'orphanTag', file: '/img/x', tag: 't' } }];
    await r.pass(3 * minute);
    await r.watch.examine(a.ref);
    assert.deepEqual(
      r.watch.wrong().map(({ problem }) => problem.kind),
      ['orphanTag'],
    );
    await r.pass(20 * minute);
    assert.equal(r.watch.wrong().length, 1);
    r.set({ ...a, tree: tree([]) });
    await r.fire();
    assert.equal(r.watch.wrong().length, 0);
  });

  it('examines with what its own rules find, snoozed or not, and tells nothing twice', async () => {
    const r = rig();
    const a = view('a', 9);
    r.set(a);
    r.diagnoses = [
      { problem: { kind: 'orphanTag', file: '/img/x', tag: 't' } },
      { problem: { kind: 'managedSave' } },
      { problem: { kind: 'mixedStyles' } },
    ];
    await r.pass(3 * minute);
    await r.watch.snooze([r.watch.wrong()[0]!.key], 60 * minute);
    const kinds = (await r.watch.examine(a.ref)).diagnoses.map(({ problem }) => problem.kind);
    assert.deepEqual(kinds, ['orphanTag', 'mixedStyles', 'chainTooDeep', 'managedSave']);
  });

  it('takes nothing from an examination of a VM that is another by the time of the answer', async () => {
    const r = rig();
    const a = view('a', 1);
    r.set({ ...a, vm: { ...a.vm, power: 'paused', powerReason: 'saving' } });
    await r.pass(3 * minute);
    r.diagnoses = [{ problem: { kind: 'pausedSaving' } }];
    r.afterExamination = () => r.set(a);
    await r.watch.examine(a.ref);
    assert.deepEqual(r.watch.wrong(), []);
  });

  it('measures how fast it fills up, and says when it is full', async () => {
    const r = rig();
    const at = (freeBytes: number): VmView =>
      view('a', 1, {
        layers: {
          readAt: 0,
          from: 'statistics',
          disks: [],
          snapshots: [],
          rooms: [{ folder: '/img', freeBytes, totalBytes: 1_000 }],
        },
      });
    for (let hours = 0; hours <= 8; hours += 0.5) {
      r.set(at(900 - 10 * hours));
      await r.pass(30 * minute);
    }
    const [found] = r.watch.wrong();
    assert.equal(found?.problem.kind, 'freeSpaceRunsOut');
    assert.equal(r.told.length, 1);
  });
});
