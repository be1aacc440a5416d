// What the command line tells of an operation on a system, and what it ends with. No VM is there.
import assert from 'node:assert/strict';
import { carryOutSystem } from '../../../src/cli/carryOutSystem.js';
import type { Context } from '../../../src/cli/context.js';
import type { ExitName } from '../../../src/cli/exitCodes.js';
import { Interruption } from '../../../src/cli/interruption.js';
import { printerOf } from '../../../src/cli/printed.js';
import { Failure, type FailureKind } from '../../../src/domain/failure.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { SystemResult } from '../../../src/systems/groupRun.js';
import type { SystemPlan } from '../../../src/systems/systemPlan.js';
import { before } from '../domain/someFacts.js';
import { ref, vmView } from '../ui/samples.js';

const view = vmView();
const member = { connection: ref.connection, uuid: ref.uuid, name: 'web' };

function planOf(kind: 'checkpoint' | 'revert', snapshotKind: 'memory' | 'disk'): SystemPlan {
  const request = { kind: 'create', vm: ref, snapshotKind, title: 'clean' } as const;
  const steps = [{ kind: 'createSnapshot', name: 'clean', snapshotKind, description: '' }] as never;
  const plan: Plan = {
    kind: 'plan',
    progress: 'timeOnly',
    request,
    before,
    steps,
    losses: [],
    warnings: [],
    snapshot: 'clean',
  };
  return {
    kind,
    system: { id: 'a', name: 'shop', members: [member] },
    point: { id: 'p', title: 'clean' },
    members: [{ member, view, plan, state: 'running' }],
    ends: new Map(),
  };
}

interface Ended {
  readonly exit: ExitName | number;
  readonly said: string;
  readonly told: string;
}

async function carriedOut(plan: SystemPlan, result: SystemResult, isJson = false): Promise<Ended> {
  const [said, told]: [string[], string[]] = [[], []];
  const call = { command: 'checkpoint', flags: new Set(isJson ? ['json'] : []), texts: {} };
  const context = {
    call,
    session: { systems: () => Promise.resolve({ run: () => Promise.resolve(result) }), needsName: () => false },
    terminal: {
      textWidth: 80,
      say: (text: string) => said.push(text),
      tell: (text: string) => told.push(text),
      progress: () => undefined,
    },
    interruption: new Interruption(() => undefined),
  } as unknown as Context;
  const printer = printerOf(context.call, context.terminal);
  const exit = await printer.print(await carryOutSystem(context, () => Promise.resolve(plan)));
  return { exit, said: said.join('\n'), told: told.join('\n') };
}

describe('an operation on a system at the command line', () => {
  const point = { id: 'p', title: 'clean', createdAt: 1 };
  const kept = { ...member, snapshot: 'clean', createdAt: 1, kind: 'disk', state: 'running' } as const;
  const members = [{ ...member, outcome: 'done' }] as const;

  it('says beforehand who runs and is kept without RAM, though nothing is asked, and in its answer how each was kept', async () => {
    const result = { members, durationMs: 5, point: { ...point, members: [kept] } };
    const bare = await carriedOut(planOf('checkpoint', 'disk'), result);
    assert.equal(bare.exit, 'done');
    assert.match(bare.told, /without its RAM: disk-only/u);
    assert.equal((await carriedOut(planOf('checkpoint', 'memory'), result)).told, '');
    const { told, said } = await carriedOut(planOf('checkpoint', 'disk'), result, true);
    assert.match(told, /without its RAM/u);
    assert.match(said, /"outcome": "done",\s+"kind": "disk"/u);
  });

  it('ends with 1 where a member is not up after a revert, and as cancelled where nobody waited any longer', async () => {
    const endsWith = async (kind: FailureKind): Promise<ExitName | number> =>
      (
        await carriedOut(planOf('revert', 'memory'), {
          members: [{ ...member, outcome: 'done', failure: new Failure(kind) }],
          durationMs: 5,
        })
      ).exit;
    assert.equal(await endsWith('failed'), 'failed');
    assert.equal(await endsWith('unsupported'), 'failed');
    assert.equal(await endsWith('cancelled'), 'cancelled');
  });
});
