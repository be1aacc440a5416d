import assert from 'node:assert/strict';
import type { Rules } from '../../../src/engine/run/rules.js';
import { Failure } from '../../../src/domain/failure.js';
import type { VmKeepers } from '../../../src/domain/keeper.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { PlannedWork } from '../../../src/operations/plan.js';
import type { Step } from '../../../src/steps/step.js';
import type { InterruptedOperation, Recovery } from '../../../src/operations/interrupted.js';
import { refuse, type RefusedDecision } from '../../../src/domain/refusal.js';
import { settled } from './fakeClock.js';
import { FakeKeeping } from './fakePersistence.js';
import { FakeHypervisor, fakeVm, uuidOf } from './fakeHypervisor.js';
import { type Rig, rigWith, uri } from './rig.js';
import { before } from '../domain/someFacts.js';

const vm = { connection: uri, uuid: uuidOf('web') };
/** Two steps: revert, paused; power off. */
const twoSteps: OperationRequest = { kind: 'revert', vm, snapshot: 'a', after: 'off' };

const of = (kind: Failure['kind']) => (failure: Failure) => failure.kind === kind;

/** The model's part, scripted: what it was asked, and what it answers. */
class Script implements Rules {
  readonly asked: InterruptedOperation[] = [];
  recovery: (interrupted: InterruptedOperation) => Recovery = () => ({ kind: 'settled', to: 'before' });
  rest: Rules['remainingPlan'] = () => 'same';

  remainingPlan(...question: Parameters<Rules['remainingPlan']>): ReturnType<Rules['remainingPlan']> {
    return this.rest(...question);
  }

  planRecovery(interrupted: InterruptedOperation): Recovery {
    this.asked.push(interrupted);
    return this.recovery(interrupted);
  }

  since: RefusedDecision | undefined;

  changedSinceRefusal(): RefusedDecision | undefined {
    return this.since;
  }
}

/** What is left of the plan is done again from the step that had begun. */
function goOn({ plan, done }: InterruptedOperation): Recovery {
  const rest = plan.steps.filter((_, index) => !done.includes(index));
  return { kind: 'steps', to: 'after', plan: { ...plan, steps: rest } };
}

interface World extends Rig {
  readonly script: Script;
  /** Journal and steps together, in their order. */
  readonly order: readonly string[];
}

async function open(persistence = new FakeKeeping()): Promise<World> {
  const script = new Script();
  const r = await rigWith({ rules: script, persistence }, fakeVm('web', ['a', 'b']));
  await r.look('web');
  r.calls();
  const order = persistence.written;
  onEachStep(r, persistence, () => Promise.resolve());
  return { ...r, script, order };
}

/** Acts on each step of the current connection and of later ones. */
function onEachStep(r: Rig, persistence: FakeKeeping, act: (step: Step) => Promise<void>): void {
  for (const hypervisor of r.opened) {
    hypervisor.onRun = async (_, step) => {
      persistence.written.push(step.kind);
      await act(step);
      return {};
    };
  }
}

const lines = ['begin', 'begun 0', 'revert', 'done 0', 'begun 1', 'power', 'done 1', 'end done'];

describe('the journal of an operation', () => {
  it('has the plan before anything is done, and each step before it begins and after it is done', async () => {
    const w = await open();
    await w.engine.runOperation(twoSteps);
    assert.deepEqual(w.order, lines);
    assert.equal(w.persistence.entries.size, 0);
  });

  for (const line of ['begin', 'begun 0']) {
    it(`is needed: nothing is done when it cannot be written (${line})`, async () => {
      const w = await open();
      w.persistence.broken.add(line);
      await assert.rejects(w.engine.runOperation(twoSteps), of('journal'));
      assert.ok(!w.order.includes('revert'));
      assert.equal(w.engine.findVm(vm)!.operation, undefined);
    });
  }

  it('stops an operation between two steps when it cannot be written any more', async () => {
    const w = await open();
    w.persistence.broken.add('begun 1');
    await assert.rejects(w.engine.runOperation(twoSteps), of('journal'));
    assert.ok(w.order.includes('revert') && !w.order.includes('power'));
    assert.deepEqual([w.script.asked[0]!.begun, w.script.asked[0]!.done], [[0], [0]]);
  });

  it('is spared for one change of power, which the audit notes, done or failed', async () => {
    const w = await open();
    const pause: OperationRequest = { kind: 'power', vm, action: 'pause' };
    await w.engine.runOperation(pause);
    onEachStep(w, w.persistence, () => Promise.reject(new Failure('failed', { libvirtMessage: 'broken' })));
    await assert.rejects(w.engine.runOperation(pause), of('failed'));
    assert.deepEqual(w.order, ['power', 'power']);
    assert.deepEqual(
      w.persistence.notes.map(({ outcome, failure, vm: { name } }) => [outcome, failure, name]),
      [
        ['done', undefined, 'web'],
        ['failed', 'failed: broken', 'web'],
      ],
    );
  });

  it('lets nothing go on that the state between two steps forbids', async () => {
    const w = await open();
    w.script.rest = (_, { vm: { name } }) => refuse('stalePlan', { vm: name });
    await assert.rejects(w.engine.runOperation(twoSteps), (failure: Failure) => {
      const { refusal, recovered, stateNow } = failure.details;
      assert.deepEqual([failure.kind, refusal?.reason, recovered], ['stopped', 'stalePlan', 'before']);
      assert.notEqual(stateNow, undefined);
      return true;
    });
    assert.ok(!w.order.includes('power'));
  });

  it('is refused by its first step, and stopped by the second: then a part of it is done', async () => {
    for (const [refusing, kind] of [
      ['revert', 'refused'],
      ['power', 'stopped'],
    ] as const) {
      const w = await open();
      onEachStep(w, w.persistence, (step) =>
        step.kind === refusing
          ? Promise.reject(new Failure('refused', { refusal: refuse('stalePlan', { vm: 'web' }).refusal }))
          : Promise.resolve(),
      );
      await assert.rejects(w.engine.runOperation(twoSteps), of(kind));
    }
  });

  it('tells which of several snapshots are gone when it stops between two of them', async () => {
    const w = await open();
    const both: OperationRequest = { kind: 'delete', vm, snapshot: 'a', scope: 'withDescendants' };
    onEachStep(w, w.persistence, (step) => {
      const web = w.vms.get(vm.uuid)!;
      web.snapshots = web.snapshots.filter(({ name }) => step.kind !== 'deleteSnapshot' || name !== step.snapshot);
      return Promise.resolve();
    });
    w.script.rest = (_, { vm: { name } }) => refuse('stalePlan', { vm: name });
    w.script.recovery = () => ({ kind: 'settled', to: 'partly' });
    await assert.rejects(w.engine.runOperation(both), ({ kind, details }: Failure) => {
      assert.deepEqual([kind, details.recovered, details.deleted], ['stopped', 'partly', ['b']]);
      return true;
    });
  });
});

describe('recovery', () => {
  it('leaves nothing in the log of operations where all is as before', async () => {
    const w = await open();
    onEachStep(w, w.persistence, () => Promise.reject(new Failure('failed')));
    await assert.rejects(w.engine.runOperation(twoSteps));
    assert.deepEqual([w.order.at(-1), w.persistence.logged], ['end failed', []]);
  });

  for (const at of [0, 1]) {
    const step = ['revert', 'power'][at]!;

    it(`goes on at once after ${step} failed and the VM can be read, and both are told`, async () => {
      const w = await open();
      w.script.recovery = goOn;
      let failures = 0;
      onEachStep(w, w.persistence, ({ kind: what }) =>
        what === step && failures++ === 0 ? Promise.reject(new Failure('failed')) : Promise.resolve(),
      );
      await assert.rejects(w.engine.runOperation(twoSteps), (failure: Failure) => {
        assert.deepEqual([failure.kind, failure.details.recovered], ['failed', 'after']);
        return true;
      });
      const { begun, done } = w.script.asked[0]!;
      assert.deepEqual([begun.at(-1), done.length], [at, at]);
      assert.equal(w.order.filter((line) => line === step).length, 2);
      assert.equal(w.order.at(-1), 'end recovered');
      assert.deepEqual(
        w.reports.map(({ outcome, vm: name }) => [outcome, name]),
        [['after', 'web']],
      );
      assert.equal(w.engine.findVm(vm)!.recovering, undefined);
      // It can be undone as one that nothing stopped.
      const [logged, ...more] = w.persistence.logged;
      assert.deepEqual([logged?.request, logged?.before.current, more], [twoSteps, 'b', []]);
    });

    it(`goes on with the same steps when the daemon died in ${step} and came back at once`, async () => {
      const w = await open();
      w.script.recovery = goOn;
      onEachStep(w, w.persistence, ({ kind: what }) => {
        if (what === step) {
          w.hypervisor().die();
          return Promise.reject(new Failure('lost'));
        }
        return Promise.resolve();
      });
      const failed = assert.rejects(w.engine.runOperation(twoSteps), of('lost'));
      await w.clock.advance(2000);
      await failed;
      assert.equal(w.opened.length, 2);
      assert.equal(w.order.at(-1), 'end recovered');
      assert.deepEqual(
        w.reports.map(({ outcome }) => outcome),
        ['after'],
      );
    });

    it(`goes on in a new editor when the old one died in ${step}`, async () => {
      const first = await open();
      onEachStep(first, first.persistence, ({ kind: what }) =>
        what === step ? new Promise(() => undefined) : Promise.resolve(),
      );
      void first.engine.runOperation(twoSteps).catch(() => undefined);
      await settled();
      await settled();
      first.persistence.writerDies();
      const second = await open(first.persistence);
      await settled();
      assert.deepEqual(second.script.asked[0]!.request, twoSteps);
      assert.deepEqual([second.script.asked[0]!.begun.at(-1), second.script.asked[0]!.done.length], [at, at]);
      assert.equal(second.persistence.entries.size, 0);
      assert.deepEqual(
        second.reports.map(({ outcome }) => outcome),
        ['before'],
      );
    });
  }

  /** An entry that a dead process has left, and an inventory that has not looked yet. */
  async function left(): Promise<FakeKeeping> {
    const persistence = new FakeKeeping();
    const steps: readonly Step[] = [
      { kind: 'revert', snapshot: 'a', to: 'paused' },
      { kind: 'power', action: 'forceOff' },
    ];
    const plan: PlannedWork = { kind: 'plan', request: twoSteps, before, steps, progress: 'timeOnly' };
    const entry = await persistence.journal.begin({
      connection: uri,
      vm: { uuid: vm.uuid, name: 'web' },
      request: twoSteps,
      plan,
      daemon: { hostname: 'here' },
    });
    await entry.markBegun(0);
    persistence.writerDies();
    return persistence;
  }

  it('says nothing of an operation that failed before it did anything, for its failure says it', async () => {
    const w = await open();
    onEachStep(w, w.persistence, () => Promise.reject(new Failure('failed')));
    await assert.rejects(w.engine.runOperation(twoSteps), of('failed'));
    assert.deepEqual(w.reports, []);
    assert.equal(w.order.at(-1), 'end failed');
  });

  it('waits for a connection that stays away, and goes on when it is back', async () => {
    const w = await open();
    w.script.recovery = goOn;
    onEachStep(w, w.persistence, () => {
      w.attempts.push(...Array.from({ length: 40 }, () => () => Promise.reject(new Failure('unreachable'))));
      w.hypervisor().die();
      return Promise.reject(new Failure('lost'));
    });
    const failed = assert.rejects(w.engine.runOperation(twoSteps), of('lost'));
    await w.clock.advance(20_000);
    await failed;
    assert.equal(w.order.at(-1), 'leave');
    w.attempts.length = 0;
    await w.clock.advance(60_000);
    assert.equal(w.order.at(-1), 'end recovered');
  });

  it('comes before whatever else is done to the VM', async () => {
    const persistence = await left();
    const script = new Script();
    script.recovery = goOn;
    const r = await rigWith({ rules: script, persistence }, fakeVm('web', ['a', 'b']));
    await r.engine.runOperation({ kind: 'power', vm, action: 'pause' });
    assert.deepEqual(
      r.calls().filter((call) => call.startsWith('run ')),
      ['run revert web', 'run power web', 'run power web'],
    );
  });

  it('has a cluster leave the VM alone, also in the turn of what needs no such thing', async () => {
    const script = new Script();
    script.recovery = goOn;
    const options = { rules: script, persistence: await left(), recovers: 'beforeOperations' as const };
    const r = await rigWith(options, fakeVm('web', ['a', 'b']));
    await r.look('web');
    const order: string[] = [];
    const take = (what: string): Promise<void> => Promise.resolve(void order.push(what));
    const keepers: VmKeepers = {
      of: () => Promise.resolve('nobody'),
      hold: () =>
        take('hold').then(() => ({ requireStill: () => Promise.resolve(), giveBack: () => take('give back') })),
    };
    Object.assign(r.hypervisor(), { keepers });
    r.hypervisor().onRun = (_, { kind }) => take(kind).then(() => ({}));
    await r.engine.runOperation({ kind: 'power', vm, action: 'pause' });
    assert.deepEqual(order, ['hold', 'revert', 'power', 'power', 'give back']);
    await r.engine.runOperation({ kind: 'power', vm, action: 'pause' });
    assert.equal(order.at(-1), 'power');
  });

  it('is told to whoever is refused then: something was changed', async () => {
    const persistence = await left();
    const script = new Script();
    script.recovery = goOn;
    const r = await rigWith({ rules: script, persistence, recovers: 'beforeOperations' }, fakeVm('web', ['a', 'b']));
    const offline: OperationRequest = { kind: 'create', vm, title: 'x', snapshotKind: 'offline' };
    const refusalOf = async (): Promise<Failure['details']> => {
      try {
        await r.engine.runOperation(offline);
      } catch (error) {
        assert.ok(error instanceof Failure && error.kind === 'refused');
        return error.details;
      }
      throw new Error('it was done');
    };
    const first = await refusalOf();
    assert.deepEqual([first.refusal?.reason, first.recoveredFirst?.outcome], ['notOff', 'after']);
    assert.equal((await refusalOf()).recoveredFirst, undefined);
  });

  it('looks once more before a step that cannot be taken back, and does not do it where somebody acted', async () => {
    const persistence = await left();
    const script = new Script();
    script.recovery = ({ plan }) => ({
      kind: 'steps',
      to: 'after',
      plan: {
        ...plan,
        steps: [
          { kind: 'power', action: 'resume' },
          { kind: 'makeCurrent', snapshot: 'a', disks: [{ target: 'vda', file: '/img/of-somebody-else' }] },
        ],
      },
    });
    const r = await rigWith({ rules: script, persistence }, fakeVm('web', ['a', 'b']));
    await r.look('web');
    await assert.rejects(r.engine.runOperation({ kind: 'power', vm, action: 'resume' }));
    assert.ok(r.calls().every((call) => !call.startsWith('run makeCurrent')));
    assert.equal(r.reports.at(-1)?.outcome, 'failed');
  });

  it('leaves alone what another editor carries out, and lets nothing come between its steps', async () => {
    const persistence = await left();
    for (const kept of persistence.entries.values()) {
      kept.held = true;
    }
    for (const kept of persistence.entries.values()) {
      kept.entry = { ...kept.entry, writer: { ...kept.entry.writer, editor: 'VSCodium' } };
    }
    for (const connection of [uri, 'qemu+unix:///system']) {
      for (const kept of persistence.entries.values()) {
        kept.entry = { ...kept.entry, connection };
      }
      const w = await open(persistence);
      await assert.rejects(
        w.engine.runOperation({ kind: 'power', vm, action: 'pause' }),
        ({ kind, details }: Failure) => kind === 'busy' && details.editor === 'VSCodium',
      );
      assert.deepEqual(w.script.asked, []);
      assert.equal(persistence.entries.size, 1);
    }
  });

  it('looks again at what others carry out by one timer for all VMs, ever more seldom, and never after the end', async () => {
    const persistence = await left();
    const [first] = persistence.entries.values();
    const id = '2'.padStart(32, '0');
    persistence.entries.set(id, { held: true, entry: { ...first!.entry, id, vm: { uuid: uuidOf('db'), name: 'db' } } });
    first!.held = true;
    const { readInterrupted } = persistence.journal;
    let ofConnection = 0;
    Object.assign(persistence.journal, {
      readInterrupted: (connection?: string) => {
        ofConnection += connection === undefined ? 0 : 1;
        return readInterrupted(connection);
      },
    });
    const r = await rigWith({ rules: new Script(), persistence }, fakeVm('web', ['a']), fakeVm('db', ['a']));
    await r.look('web');
    await settled();
    const looks = async (ms: number): Promise<number> => {
      ofConnection = 0;
      await r.clock.advance(ms);
      return ofConnection;
    };
    assert.deepEqual([await looks(4999), await looks(1)], [0, 1]);
    assert.deepEqual([await looks(9999), await looks(1)], [0, 1]);
    await r.clock.advance(60_000);
    assert.equal(await looks(600_000), 10, 'one a minute');
    first!.held = false;
    await r.clock.advance(60_000);
    assert.deepEqual([...persistence.entries.keys()], [id], 'who died meanwhile is seen');
    r.engine.dispose();
    assert.equal(await looks(600_000), 0);
  });

  /** Why a VM that runs cannot be resumed; `pause` leads out of an unfinished operation. */
  const whyNot = async (w: Pick<Rig, 'engine'>): Promise<string | undefined> => {
    await w.engine.runOperation({ kind: 'power', vm, action: 'pause' });
    let why: string | undefined;
    await assert.rejects(w.engine.runOperation({ kind: 'power', vm, action: 'resume' }), ({ details }: Failure) => {
      why = (details.refusal?.because ?? details.refusal)?.reason;
      return true;
    });
    return why;
  };

  it('begins nothing upon what broke off over another connection, and does not take it up', async () => {
    const persistence = await left();
    for (const kept of persistence.entries.values()) {
      kept.entry = { ...kept.entry, connection: 'qemu+unix:///system' };
    }
    const w = await open(persistence);
    assert.equal(await whyNot(w), 'begunElsewhere');
    assert.deepEqual([w.script.asked, [...persistence.entries.values()][0]!.entry.recoveries], [[], 0]);
    await w.engine.dismissInterrupted(vm);
    assert.equal(persistence.entries.size, 0);
    assert.equal(await whyNot(w), 'wrongState');
  });

  it('begins nothing upon what it cannot read, as that of a newer version', async () => {
    const persistence = new FakeKeeping();
    persistence.unreadable = [{ path: '/journal/x', why: 'newer', detail: 'version 2', vm: { uuid: vm.uuid } }];
    assert.equal(await whyNot(await open(persistence)), 'entryUnreadable');
    persistence.unreadable = [{ path: '/journal/x', why: 'newer', detail: 'version 2', vm: { uuid: uuidOf('db') } }];
    assert.equal(await whyNot(await open(persistence)), 'wrongState');
    persistence.unreadable = [{ path: '/journal/x', why: 'damaged', detail: 'the first line is no plan' }];
    assert.equal(await whyNot(await open(persistence)), 'entryOfUnknownVm');
  });

  it('leaves to a person what another editor began on a VM that is protected there', async () => {
    const persistence = new FakeKeeping();
    persistence.editor = 'VSCodium';
    const first = await open(persistence);
    first.engine.setProtected(() => true);
    onEachStep(first, persistence, () => new Promise(() => undefined));
    void first.engine.runOperation(twoSteps).catch(() => undefined);
    await settled();
    await settled();
    first.persistence.writerDies();
    const script = new Script();
    script.recovery = goOn;
    persistence.editor = 'Code';
    const second = await rigWith({ rules: script, persistence }, fakeVm('web', ['a', 'b']));
    assert.equal(await whyNot(second), 'protectedVm');
    persistence.editor = 'VSCodium';
    const third = await rigWith({ rules: script, persistence }, fakeVm('web', ['a', 'b']));
    await third.engine.runOperation({ kind: 'power', vm, action: 'pause' });
    assert.equal(persistence.entries.size, 0);
  });

  it('goes on with what was explained when nothing stands in its way any more', async () => {
    const persistence = await left();
    const script = new Script();
    script.recovery = goOn;
    const r = await rigWith({ rules: script, persistence }, fakeVm('web', ['a', 'b']));
    let isProtected = true;
    r.engine.setProtected(() => isProtected);
    await r.look('web');
    for (let time = 0; time < 5; time++) {
      await assert.rejects(r.engine.runOperation({ kind: 'power', vm, action: 'resume' }), of('refused'));
    }
    isProtected = false;
    await r.engine.runOperation({ kind: 'power', vm, action: 'pause' });
    assert.equal(persistence.entries.size, 0);
    assert.equal(r.reports.at(-1)!.outcome, 'after');
  });

  it('withdraws before its first step when another editor began on the same VM just then', async () => {
    for (const connection of [vm.connection, 'qemu+ssh://here/system']) {
      const w = await open();
      const { begin } = w.persistence.journal;
      Object.assign(w.persistence.journal, {
        begin: async (head: Parameters<typeof begin>[0]) => {
          const ours = await begin(head);
          await begin({ ...head, connection });
          return ours;
        },
      });
      await assert.rejects(w.engine.runOperation(twoSteps), of('busy'));
      assert.deepEqual(
        w.order.filter((line) => line.startsWith('run') || line.startsWith('begun')),
        [],
      );
      assert.equal(w.persistence.entries.size, 1, 'the entry of the other one stays');
    }
  });

  it('withdraws as well when the other editor began and died just then', async () => {
    const w = await open();
    const { begin } = w.persistence.journal;
    Object.assign(w.persistence.journal, {
      begin: async (head: Parameters<typeof begin>[0]) => {
        const ours = await begin(head);
        await (await begin(head)).leave();
        return ours;
      },
    });
    await assert.rejects(w.engine.runOperation(twoSteps), of('busy'));
    assert.ok(w.order.every((line) => !line.startsWith('begun')));
    assert.equal(w.persistence.entries.size, 1, 'the entry of the other one stays');
  });

  it('explains to the person with a protected VM, and touches nothing', async () => {
    const persistence = await left();
    const script = new Script();
    script.recovery = goOn;
    const r = await rigWith({ rules: script, persistence }, fakeVm('web', ['a', 'b']));
    r.engine.setProtected(({ name }) => name === 'web');
    await r.look('web');
    await settled();
    const [report] = r.reports;
    assert.deepEqual([report!.outcome, report!.why!.reason, report!.commands!.length], ['explained', 'protectedVm', 2]);
    assert.deepEqual(
      r.calls().filter((call) => call.startsWith('run ')),
      [],
    );
    assert.equal(persistence.entries.size, 1, 'it stays unfinished');
    await r.engine.refresh();
    await assert.rejects(r.engine.runOperation({ kind: 'power', vm, action: 'resume' }), (failure: Failure) => {
      const { refusal } = failure.details;
      assert.deepEqual([refusal?.reason, refusal?.because?.reason], ['unfinishedOperation', 'protectedVm']);
      return failure.kind === 'refused';
    });
    await r.engine.runOperation({ kind: 'power', vm, action: 'pause' });
    assert.equal(r.reports.length, 1, 'it is told once');
    await r.engine.dismissInterrupted(vm);
    assert.equal(persistence.entries.size, 0);
    await r.engine.runOperation({ kind: 'power', vm, action: 'pause' });
  });

  it('is tried three times, and then explained with the commands', async () => {
    const persistence = await left();
    const script = new Script();
    script.recovery = goOn;
    const r = await rigWith({ rules: script, persistence }, fakeVm('web', ['a', 'b']));
    r.attempts.push((which) => {
      const hypervisor = new FakeHypervisor(which, r.vms);
      hypervisor.onRun = () => Promise.reject(new Failure('failed', { libvirtMessage: 'broken' }));
      return Promise.resolve(hypervisor);
    });
    await r.look('web');
    await r.clock.advance(60_000);
    assert.deepEqual(
      r.reports.map(({ outcome }) => outcome),
      ['failed', 'failed', 'failed', 'explained'],
    );
    assert.ok(r.reports.at(-1)!.commands!.every((command) => command.startsWith('virsh ')));
    assert.equal(persistence.entries.size, 1);
    const tries = (): unknown => [...persistence.entries.values()].map(({ entry }) => entry.recoveries);
    const before = tries();
    await assert.rejects(r.engine.runOperation({ kind: 'power', vm, action: 'pause' }), Failure);
    assert.deepEqual(tries(), before);
  });

  for (const kind of ['failed', 'busy'] as const) {
    it(`asks a person at once where it was a try, and is refused: ${kind}`, async () => {
      const w = await open();
      const why = refuse('mergeLost', { vm: 'web', disk: 'vda', file: '/img/a', said: '/img/b' }).refusal;
      w.script.recovery = (interrupted) => ({ ...goOn(interrupted), otherwise: why }) as Recovery;
      onEachStep(w, w.persistence, () => Promise.reject(new Failure(kind)));
      const reports: (readonly [string, string | undefined])[] = [];
      w.engine.onDidRecover((report) => reports.push([report.outcome, report.why?.reason]));
      await assert.rejects(w.engine.runOperation(twoSteps), of(kind));
      assert.deepEqual(reports, [['explained', 'mergeLost']]);
    });
  }

  it('tells of a VM that is gone', async () => {
    const persistence = await left();
    const r = await rigWith({ rules: new Script(), persistence }, fakeVm('db'));
    await r.look();
    await settled();
    assert.deepEqual([r.reports[0]!.outcome, r.reports[0]!.why!.reason], ['explained', 'vmGone']);
    assert.equal(persistence.entries.size, 1);
  });

  it('leaves what runs to whoever comes next when the inventory ends', async () => {
    const w = await open();
    onEachStep(w, w.persistence, () => new Promise(() => undefined));
    for (const hypervisor of w.opened) {
      hypervisor.onRun = (_vm, _step, { signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Failure('cancelled'))));
    }
    const failed = assert.rejects(w.engine.runOperation(twoSteps), of('cancelled'));
    await settled();
    w.engine.dispose();
    await failed;
    assert.equal(w.order.at(-1), 'leave');
    assert.equal(w.persistence.entries.size, 1);
  });
});

describe('a VM that is moved to another host', () => {
  const move = { id: 'f'.repeat(32), vm: { uuid: vm.uuid, name: 'web' }, from: uri, to: 'qemu+ssh://other/system' };
  const refusedBy = (reason: string) => (failure: Failure) =>
    failure.kind === 'refused' && failure.details.refusal?.reason === reason;

  it('is busy for all others while it is under way', async () => {
    const w = await open();
    w.persistence.begunMoves.push({ ...move, isHeld: true });
    await assert.rejects(w.engine.runOperation(twoSteps), of('busy'));
    assert.ok(!w.order.includes('begin'));
    const request = { kind: 'power', vm, action: 'shutDown' } as const;
    await assert.rejects(
      w.engine.leaseAll({ id: 'another', requests: [request] }, () => Promise.resolve()),
      of('busy'),
    );
    await w.engine.leaseAll({ id: move.id, requests: [request] }, () => Promise.resolve());
  });

  it('is busy before a cluster is asked, which may not answer: its host is busy with the move', async () => {
    const w = await open();
    const hold = (): Promise<never> => Promise.reject(new Failure('unreachable'));
    for (const hypervisor of w.opened) {
      Object.assign(hypervisor, { keepers: { of: () => Promise.resolve('unknown'), hold } satisfies VmKeepers });
    }
    await assert.rejects(w.engine.runOperation(twoSteps), of('unreachable'));
    w.persistence.begunMoves.push({ ...move, isHeld: true });
    await assert.rejects(w.engine.runOperation(twoSteps), of('busy'));
  });

  it('is busy for one that began at the same time, which has done nothing', async () => {
    const w = await open();
    const { journal } = w.persistence;
    const begin = journal.begin.bind(journal);
    Object.assign(journal, {
      begin: async (...head: Parameters<typeof begin>) => {
        w.persistence.begunMoves.push({ ...move, isHeld: true });
        return begin(...head);
      },
    });
    await assert.rejects(w.engine.runOperation(twoSteps), of('busy'));
    assert.ok(!w.order.includes('revert'));
    assert.equal(w.persistence.entries.size, 0);
  });

  it('is copied by nobody before that has ended: its host may have forgotten its snapshots', async () => {
    const w = await open();
    assert.deepEqual(await w.engine.readInterrupted(vm), []);
    w.persistence.begunMoves.push({ ...move, isHeld: true });
    await assert.rejects(w.engine.readInterrupted(vm), of('busy'));
    w.persistence.begunMoves.splice(0, 1, { ...move, isHeld: false });
    await assert.rejects(w.engine.readInterrupted(vm), refusedBy('moveInterrupted'));
  });

  it('is only taken out of use after an interruption, and its move is told once', async () => {
    const persistence = new FakeKeeping();
    persistence.begunMoves.push({ ...move, isHeld: false });
    const w = await open(persistence);
    await settled();
    assert.deepEqual(
      w.reports.map(({ outcome, why }) => [outcome, why?.reason]),
      [['explained', 'moveInterrupted']],
    );
    await assert.rejects(w.engine.runOperation(twoSteps), refusedBy('moveInterrupted'));
    const repair: OperationRequest = { kind: 'repair', vm, repair: { kind: 'deleteOverlays', files: ['/a'] } } as never;
    await assert.rejects(w.engine.runOperation(repair), refusedBy('moveInterrupted'));
    await w.engine.runOperation({ kind: 'power', vm, action: 'pause' });
  });
});
