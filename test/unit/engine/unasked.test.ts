// What is done without a click, and what only after one: by the setting, by where an operation was begun, by a person's
// word.
import assert from 'node:assert/strict';
import type { Rules } from '../../../src/engine/run/rules.js';
import { vmKey } from '../../../src/live/views.js';
import { type AutomaticActions, automaticActions } from '../../../src/domain/automaticActions.js';
import { Failure } from '../../../src/domain/failure.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Step } from '../../../src/steps/step.js';
import type { Recovery } from '../../../src/operations/interrupted.js';
import { refuse, type RefusedDecision } from '../../../src/domain/refusal.js';
import { settled } from './fakeClock.js';
import { FakeKeeping } from './fakePersistence.js';
import { fakeVm, uuidOf } from './fakeHypervisor.js';
import { type Rig, rigWith, uri } from './rig.js';
import { before } from '../domain/someFacts.js';

const vm = { connection: uri, uuid: uuidOf('web') };
const request: OperationRequest = { kind: 'revert', vm, snapshot: 'a', after: 'off' };
const resume: Step = { kind: 'power', action: 'resume' };
const thaw: Step = { kind: 'thawGuest' };

function planOf(...steps: readonly Step[]): Plan {
  return { kind: 'plan', request, before, steps, losses: [], warnings: [], progress: 'timeOnly' };
}

class Script implements Rules {
  since: RefusedDecision | undefined;
  steps: readonly Step[] = [resume];

  remainingPlan(): 'same' {
    return 'same';
  }

  planRecovery(): Recovery {
    return { kind: 'steps', to: 'after', plan: planOf(...this.steps) };
  }

  changedSinceRefusal(): RefusedDecision | undefined {
    return this.since;
  }
}

interface World extends Rig {
  readonly script: Script;
  readonly done: () => readonly string[];
  readonly told: () => readonly (string | undefined)[];
}

interface Left {
  readonly daemon?: { readonly hostname: string };
  readonly setting?: AutomaticActions;
  readonly prepare?: (script: Script, persistence: FakeKeeping) => void;
}

/** An editor that comes up after another one has died in the first step, with nobody at it. */
async function comeUp({ daemon = { hostname: 'here' }, setting = 'all', prepare }: Left = {}): Promise<World> {
  const persistence = new FakeKeeping();
  const script = new Script();
  const head = { connection: uri, vm: { uuid: vm.uuid, name: 'web' }, request, plan: planOf(resume), daemon };
  const entry = await persistence.journal.begin(head);
  await entry.markBegun(0);
  persistence.writerDies();
  prepare?.(script, persistence);
  const r = await rigWith({ rules: script, persistence }, fakeVm('web', ['a', 'b']));
  r.engine.setAutomaticActions(setting);
  await r.look('web');
  await settled();
  return {
    ...r,
    script,
    done: () => r.calls().filter((call) => call.startsWith('run ')),
    told: () => r.reports.map(({ outcome, why }) => why?.reason ?? outcome),
  };
}

describe('a recovery that nobody asked for', () => {
  it('goes on where it was begun, at once', async () => {
    const w = await comeUp();
    assert.deepEqual([w.done(), w.told()], [['run power web'], ['after']]);
  });

  for (const [name, reason, left] of [
    [
      'something happened since',
      'notAsLeft',
      { prepare: (s) => (s.since = refuse('notAsLeft', { vm: 'web', what: 'power' })) },
    ],
    ['it was begun by another daemon', 'begunOnOtherHost', { daemon: { hostname: 'there' } }],
    [
      'the computer was started since',
      'brokeOffLongAgo',
      { prepare: (_, k) => (k.here = { ...k.here, boot: 'later' }) },
    ],
    ['this is another computer', 'begunOnOtherHost', { prepare: (_, k) => (k.here = { ...k.here, host: 'there' }) }],
    ['the setting is none', 'notByItself', { setting: 'none' }],
    ['the setting is safe, and a guest would run', 'notByItself', { setting: 'safe' }],
  ] as const satisfies readonly (readonly [string, string, Left])[]) {
    it(`leaves it to a person where ${name}`, async () => {
      const w = await comeUp(left);
      assert.deepEqual([w.done(), w.told()], [[], [reason]]);
      assert.equal(w.persistence.entries.size, 1);
      assert.equal(w.reports[0]!.mayFinish === true, reason !== 'begunOnOtherHost');
    });
  }

  for (const setting of automaticActions) {
    it(`does what removes and starts nothing unless nothing is allowed: ${setting}`, async () => {
      const w = await comeUp({ setting, prepare: (script) => (script.steps = [thaw]) });
      assert.deepEqual(w.told(), [setting === 'none' ? 'notByItself' : 'after']);
    });
  }

  it('is not made younger by those who found it too old', async () => {
    const w = await comeUp({
      prepare: (_, persistence) => (persistence.here = { ...persistence.here, boot: 'later' }),
    });
    await w.engine.refresh();
    await assert.rejects(w.engine.runOperation({ kind: 'power', vm, action: 'resume' }), (failure: Failure) => {
      assert.equal(failure.details.refusal?.because?.reason, 'brokeOffLongAgo');
      return true;
    });
    assert.deepEqual(w.done(), []);
  });

  it('keeps the checkpoints of what broke off from every rule', async () => {
    const record = { name: 'c', why: 'revert' as const, createdAt: 1_800_000_000_000, target: 'a' };
    const older = { ...record, name: 'o', createdAt: 5 };
    const w = await comeUp({
      prepare: (_, persistence) => persistence.recorded.set(vmKey(vm), [older, record]),
    });
    assert.deepEqual(w.persistence.recorded.get(vmKey(vm)), [older, { ...record, stays: true }]);
  });
});

describe('a person who wants it finished', () => {
  const old: Left = { prepare: (_, persistence) => (persistence.here = { ...persistence.here, boot: 'later' }) };

  it('is shown what would be done, and nothing is done', async () => {
    const w = await comeUp(old);
    const [one] = await w.engine.readInterrupted(vm);
    assert.deepEqual([one!.recovery.kind, one!.commands.length, w.done()], ['steps', 1, []]);
    assert.equal(w.persistence.entries.size, 1);
  });

  it('gets it done', async () => {
    const w = await comeUp(old);
    const [one] = await w.engine.readInterrupted(vm);
    assert.deepEqual(await w.engine.finishInterrupted(vm, [{ id: one!.id, steps: [resume] }]), ['after']);
    assert.deepEqual([w.done(), w.persistence.entries.size], [['run power web'], 0]);
    await w.engine.runOperation({ kind: 'power', vm, action: 'pause' });
  });

  it('gets nothing done that was not agreed to', async () => {
    const w = await comeUp(old);
    const [one] = await w.engine.readInterrupted(vm);
    w.script.steps = [resume, { kind: 'power', action: 'forceOff' }];
    await assert.rejects(
      w.engine.finishInterrupted(vm, [{ id: one!.id, steps: [resume] }]),
      ({ kind, details }: Failure) => kind === 'refused' && details.refusal?.reason === 'stalePlan',
    );
    assert.deepEqual(await w.engine.finishInterrupted(vm, []), []);
    assert.deepEqual([w.done(), w.persistence.entries.size], [[], 1]);
  });

  for (const [what, call, failure] of [
    ['by its first step', 'run power web', new Failure('refused')],
    ['where not all can be seen', 'readFrozen(a) web', new Failure('notFound')],
  ] as const) {
    it(`is refused ${what}, and nobody is kept from trying again`, async () => {
      const w = await comeUp(old);
      const [one] = await w.engine.readInterrupted(vm);
      w.hypervisor().break(call, failure);
      await assert.rejects(
        w.engine.finishInterrupted(vm, [{ id: one!.id, steps: [resume] }]),
        ({ kind }: Failure) => kind === 'refused',
      );
      const [kept] = w.persistence.entries.values();
      assert.deepEqual([kept!.held, kept!.entry.recoveries], [false, 0]);
    });
  }

  it('is told that a part was done where one is finished and the next is refused', async () => {
    const w = await comeUp(old);
    const [kept] = w.persistence.entries.values();
    const id = '2'.padStart(32, '0');
    w.persistence.entries.set(id, { held: false, entry: { ...kept!.entry, id } });
    const shown = await w.engine.readInterrupted(vm);
    w.hypervisor().onRun = () => {
      w.script.steps = [thaw];
      return Promise.resolve({});
    };
    await assert.rejects(
      w.engine.finishInterrupted(
        vm,
        shown.map((one) => ({ id: one.id, steps: [resume] })),
      ),
      ({ kind, details: { refusal, recovered } }: Failure) =>
        kind === 'stopped' && refusal?.reason === 'stalePlan' && recovered === 'partly',
    );
    assert.deepEqual([w.done(), [...w.persistence.entries.keys()]], [['run power web'], [id]]);
  });

  it('cannot have it done on another computer', async () => {
    const w = await comeUp({ daemon: { hostname: 'there' } });
    const [one] = await w.engine.readInterrupted(vm);
    assert.equal(one!.recovery.kind === 'explain' && one!.recovery.why.reason, 'begunOnOtherHost');
    assert.deepEqual(await w.engine.finishInterrupted(vm, [{ id: one!.id, steps: [resume] }]), ['explained']);
    assert.deepEqual(w.done(), []);
  });
});
