// What is written down of a step of an agent, also where it fails half way, or another process was quicker. No VM is
// there.
import assert from 'node:assert/strict';
import { checkpointVm, revertVm } from '../../../src/agents/act.js';
import type { ToolRefusal } from '../../../src/agents/refusal.js';
import type { ToolCall } from '../../../src/agents/toolCall.js';
import { Failure } from '../../../src/domain/failure.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import {
  type AgentCheckpoint,
  countedCheckpoints,
  existingCheckpoints,
  notYetTaken,
} from '../../../src/journal/agentCheckpoints.js';
import type { AuditNote } from '../../../src/journal/audit.js';
import type { RunWish } from '../../../src/session/session.js';
import type { Plan } from '../../../src/operations/plan.js';
import { silentLog } from '../../silentLog.js';
import { before, external } from '../domain/someFacts.js';
import { ref, vmView } from '../ui/samples.js';

interface Rig {
  readonly work: (input: ToolCall['input']) => ToolCall;
  readonly records: AgentCheckpoint[];
  readonly notes: AuditNote[];
  readonly kept: string[];
}

/** @param run what carries out a plan: it may add a snapshot; `beforeTurn`: what another process does before */
function rig(
  run: (plan: Plan, snapshots: Snapshot[], records: AgentCheckpoint[]) => Promise<object>,
  beforeTurn: (records: AgentCheckpoint[], snapshots: Snapshot[]) => void = () => undefined,
  agentCheckpoints = 20,
): Rig {
  const snapshots: Snapshot[] = [external('clean')];
  const records: AgentCheckpoint[] = [];
  const notes: AuditNote[] = [];
  const kept: string[] = [];
  const session = {
    settings: { agentPermissions: { 'web-test': 'act' }, agentCheckpoints, agentSpaceGb: 50 },
    isProtected: () => false,
    needsName: () => false,
    vm: () => Promise.resolve(vmView()),
    view: () => vmView(),
    snapshot: (_: unknown, name: string) => Promise.resolve(snapshots.find((one) => one.name === name)),
    revertRequest: (_: unknown, { name }: Snapshot) => ({
      kind: 'revert',
      vm: ref,
      snapshot: name,
      after: 'asSnapshot',
    }),
    checkpointRequest: () => ({ kind: 'create', vm: ref, snapshotKind: 'auto', title: 'mine' }),
    plan: (_: unknown, request: OperationRequest): Promise<Plan> =>
      Promise.resolve({
        ...({ kind: 'plan', progress: 'timeOnly', before, steps: [], losses: [], warnings: [], request } as const),
        ...(request.kind === 'revert' ? { checkpoint: 'kept' } : { snapshot: 'mine' }),
        spaceBytes: 7,
      }),
    run: async (plan: Plan, { around }: RunWish): Promise<object> => {
      beforeTurn(records, snapshots);
      return around!(() => run(plan, snapshots, records));
    },
    engine: {
      refresh: () => Promise.resolve(),
      readTree: () => Promise.resolve({ snapshots }),
      // Else a person's undo would take the mark off, and not what the agent did.
      setKept: (_: unknown, names: readonly string[], kind: string, how: { readonly unasked?: true } = {}) =>
        Promise.resolve(kept.push(...(kind === 'kept' && how.unasked === true ? names : []))),
      findVm: () => vmView(),
      onDidChange: () => ({ dispose: () => undefined }),
    },
  };
  const desk = {
    log: silentLog,
    agent: 'Agent',
    fresh: new Map(),
    looked: new Map(),
    checkpoints: () => ({
      of: () => Promise.resolve(records),
      add: (_: unknown, one: AgentCheckpoint) => Promise.resolve(records.push(one)),
      forget: (_: unknown, one: AgentCheckpoint) => Promise.resolve(records.splice(records.indexOf(one), 1)),
    }),
    audit: () => ({ note: (note: AuditNote) => Promise.resolve(notes.push(note)) }),
  };
  const signal = new AbortController().signal;
  const work = (input: ToolCall['input']): ToolCall => ({ session, tools: desk, input, signal }) as unknown as ToolCall;
  return { work, records, notes, kept };
}

const theirs = { name: 'theirs', createdAt: 1, step: 1, last: 1, agent: 'Other', bytes: 0 };

const take = (_: Plan, snapshots: Snapshot[]): Promise<object> => {
  snapshots.push(external('mine'));
  return Promise.resolve({ snapshot: 'mine', state: 'off', durationMs: 1 });
};

describe('a step of an agent', () => {
  it('counts the checkpoint of a revert that failed after it, keeps it, and tells the way back', async () => {
    const { work, records, notes, kept } = rig((_, snapshots) => {
      snapshots.push(external('kept'));
      return Promise.reject(new Failure('failed', { recovered: 'before' }));
    });
    await assert.rejects(
      Promise.resolve(revertVm(work({ vm: 'web-test', snapshot: 'clean' }))),
      ({ message }: ToolRefusal) => message.includes('before_step 1 '),
    );
    assert.deepEqual(
      records.map(({ name, step, last, bytes }) => [name, step, last, bytes]),
      [['kept', 1, 1, 7]],
    );
    assert.deepEqual(kept, ['kept']);
    assert.deepEqual(
      notes.map(({ outcome, request }) => [outcome, 'before' in request && request.before]),
      [['failed', 'kept']],
    );
  });

  it('takes no checkpoint of another process for its own where it was refused before it began', async () => {
    const { work, records, kept } = rig(take, (_, snapshots) => {
      snapshots.push(external('kept'));
      throw new Failure('refused');
    });
    await assert.rejects(
      Promise.resolve(revertVm(work({ vm: 'web-test', snapshot: 'clean' }))),
      ({ kind }: Failure) => kind === 'refused',
    );
    assert.deepEqual([records, kept], [[], []]);
  });

  it('that failed before its checkpoint leads nowhere, and says so', async () => {
    const { work, records, notes } = rig(() => Promise.reject(new Failure('failed')));
    await assert.rejects(
      Promise.resolve(revertVm(work({ vm: 'web-test', snapshot: 'clean' }))),
      ({ kind }: Failure) => kind === 'failed',
    );
    assert.deepEqual([records, notes.length], [[], 1]);
  });

  it('has a number that no step of another process has', async () => {
    const { work, records } = rig(take, (all) => all.push(theirs));
    const answer = await checkpointVm(work({ vm: 'web-test' }));
    assert.equal('step' in answer && answer['step'], 2);
    assert.deepEqual(
      records.map(({ name, step, last }) => [name, step, last]),
      [
        ['theirs', 1, 1],
        ['mine', 2, 2],
      ],
    );
  });

  it('is refused in its turn where another process has taken the last checkpoint that may be', async () => {
    const others = (all: AgentCheckpoint[], snapshots: Snapshot[]): void => {
      const one = external('theirs');
      snapshots.push(one);
      all.push({ ...theirs, createdAt: one.createdAt });
    };
    const { work, records } = rig(() => Promise.reject(new Error('it was taken')), others, 1);
    await assert.rejects(
      Promise.resolve(checkpointVm(work({ vm: 'web-test' }))),
      ({ reason }: ToolRefusal) => reason === 'tooMany',
    );
    assert.equal(records.length, 1);
  });

  it('counts while its checkpoint is taken, and where whoever took it died over it', async () => {
    let counted = 0;
    const { work, records } = rig((plan, snapshots, all) => {
      counted = all.length;
      return take(plan, snapshots);
    });
    await checkpointVm(work({ vm: 'web-test' }));
    assert.deepEqual([counted, records.length], [1, 1]);
    const left = { ...theirs, createdAt: notYetTaken };
    const tree = { snapshots: [{ ...external('theirs'), createdAt: 5_000 }] };
    assert.deepEqual([countedCheckpoints([left], tree).length, existingCheckpoints([left], tree).length], [1, 0]);
    assert.equal(countedCheckpoints([left], { snapshots: [] }).length, 0);
  });
});
