// The checkpoint before each act of an agent: taken, counted and recorded, so that each step has a way back.
import { asFailure } from '../domain/asFailure.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { type AgentCheckpoint, notYetTaken } from '../journal/agentCheckpoints.js';
import type { Plan } from '../operations/plan.js';
import { type Asker, type CarriedOut, carryOut, type WantedOperation } from '../session/carryOut.js';
import type { CheckpointWish } from '../session/session.js';
import type { Denial } from './guard.js';
import { requireAllowed } from './refusal.js';
import {
  checkpointRequest,
  diskBytes,
  nextNumber,
  oneMoreDenial,
  planDenial,
  readStep,
  spaceDenial,
  type Step,
} from './stepPlans.js';

/** A checkpoint of an agent serves for what it does next, as long as it is the current state's own, and so young. */
const freshMs = 60_000;

/** What the answer and the history say of a step. */
export interface StepReport {
  before: string | undefined;
  number: number;
  /** What is written down of a checkpoint that is being taken. */
  reserved?: AgentCheckpoint | undefined;
}

/** The one that serves already, or a new one. */
export async function ensureCheckpoint(step: Step, report: StepReport): Promise<void> {
  const { work, view } = step;
  const { session, tools } = work;
  const fresh = tools.fresh.get(view.ref.uuid);
  const own = step.taken.find(({ name }) => name === fresh?.name);
  const tree = await session.engine.readTree(view.ref);
  if (
    fresh === undefined ||
    own === undefined ||
    tree.current !== own.name ||
    // Programs run: their RAM must be in it.
    findSnapshot(tree, own.name)?.kind !== 'memory' ||
    Date.now() - fresh.at > freshMs
  ) {
    await takeCheckpoint(step, report, { title: titleOf(step) });
    return;
  }
  await writeRecord(step, report, own);
}

export async function takeCheckpoint(step: Step, report: StepReport, wish: CheckpointWish): Promise<string> {
  const { plan, result } = await carryOutStep(
    step,
    report,
    { request: await checkpointRequest(step, wish) },
    'nothing',
  );
  const { snapshot } = result;
  if (snapshot === undefined) {
    throw new Error('a checkpoint was taken and has no name');
  }
  await recordCheckpoint(step, report, snapshot, plan.spaceBytes);
  return snapshot;
}

/**
 * Nobody is asked: the policy agrees or denies. In the VM's turn, when no other process is at work on it, the
 * checkpoints are counted again, and the one that the plan takes, or what a disk can take more, is written down before
 * it is taken. What a person has put into the trash stays there.
 * @param done for this step already @throws ToolRefusal, Failure
 */
export async function carryOutStep(
  step: Step,
  report: StepReport,
  wanted: Pick<WantedOperation, 'request' | 'undoes'> & { readonly agreed?: Plan },
  done: 'nothing' | 'checkpoint',
): Promise<CarriedOut> {
  const { work, view } = step;
  const { session, tools, signal } = work;
  let allowed: Plan | undefined;
  let denial: Denial | undefined;
  const policy: Asker = {
    agree: ({ plan }) => {
      requireAllowed(planDenial(step, plan, done));
      allowed = plan;
    },
  };
  const reserve = async (plan: Plan, name: string): Promise<void> => {
    const now = await readStep(work, view);
    denial = oneMoreDenial(now, plan);
    requireAllowed(denial);
    const { number } = now;
    report.reserved = {
      name,
      createdAt: notYetTaken,
      step: number,
      last: number,
      agent: tools.agent,
      bytes: plan.spaceBytes ?? 0,
    };
    await tools.checkpoints(session).add(view.ref, report.reserved);
  };
  let uncount: (() => Promise<void>) | undefined;
  const count = async (plan: Plan, bytes: number): Promise<void> => {
    const now = await readStep(work, view);
    denial = spaceDenial(now, plan);
    requireAllowed(denial);
    const checkpoints = tools.checkpoints(session);
    const add = async (more: number): Promise<void> => {
      const record = (await checkpoints.of(view.ref)).findLast(({ name }) => name === report.before);
      await (record && checkpoints.add(view.ref, { ...record, bytes: Math.max(0, record.bytes + more) }));
    };
    await add(bytes);
    uncount = () => add(-bytes);
  };
  const around: WantedOperation['around'] = async (steps) => {
    const name = allowed && checkpointIn(allowed);
    const more = allowed === undefined ? 0 : diskBytes(allowed);
    if (allowed !== undefined && name !== undefined) {
      await reserve(allowed, name);
    } else if (allowed !== undefined && more > 0) {
      await count(allowed, more);
    }
    return steps();
  };
  try {
    return await carryOut(session, { view, keepsAll: true, around, ...wanted }, policy, signal);
  } catch (error) {
    requireAllowed(denial);
    // What was broken off may still come to its end.
    const { kind, details } = asFailure(error);
    await (details.recovered === 'before' || kind === 'refused' ? uncount?.() : undefined);
    throw error;
  }
}

/** The snapshot of a revert is the one that it goes back to. */
function checkpointIn({ request, snapshot, checkpoint }: Plan): string | undefined {
  return request.kind === 'create' ? snapshot : checkpoint;
}

export async function keepCheckpoint(
  step: Step,
  report: StepReport,
  { spaceBytes }: Plan,
  name: string | undefined,
): Promise<void> {
  if (name !== undefined && (await recordCheckpoint(step, report, name, spaceBytes))) {
    await step.work.session.engine.setKept(step.view.ref, [name], 'kept', { unasked: true });
  }
}

/** Releases the reservation of a checkpoint that was not taken after all. */
export async function releaseReservation({ work, view }: Step, { reserved }: StepReport): Promise<void> {
  if (reserved === undefined) {
    return;
  }
  try {
    const tree = await work.session.engine.readTree(view.ref);
    if (findSnapshot(tree, reserved.name) === undefined) {
      await work.tools.checkpoints(work.session).forget(view.ref, reserved);
    }
  } catch (error) {
    work.tools.log.warn(`the checkpoint ${reserved.name}, which may not be there, counts: ${asFailure(error).line}`);
  }
}

/** @returns whether it is there */
async function recordCheckpoint(step: Step, report: StepReport, name: string, bytes = 0): Promise<boolean> {
  const { work, view } = step;
  const snapshot = findSnapshot(await work.session.engine.readTree(view.ref), name);
  if (snapshot !== undefined) {
    await writeRecord(step, report, { name, createdAt: snapshot.createdAt, agent: work.tools.agent, bytes });
  }
  return snapshot !== undefined;
}

/**
 * The number of what was reserved, or a new one: since the step was begun, another process may have written its own.
 */
async function writeRecord(
  { work, view }: Step,
  report: StepReport,
  checkpoint: Omit<AgentCheckpoint, 'step' | 'last'> & Partial<Pick<AgentCheckpoint, 'step'>>,
): Promise<void> {
  const checkpoints = work.tools.checkpoints(work.session);
  const { reserved } = report;
  const number = reserved?.step ?? nextNumber(await checkpoints.of(view.ref));
  await checkpoints.add(view.ref, { step: number, ...checkpoint, last: number });
  if (reserved !== undefined) {
    report.reserved = undefined;
    await checkpoints.forget(view.ref, reserved);
  }
  report.before = checkpoint.name;
  report.number = number;
}

export function titleOf({ number, work }: Step): string {
  return `Before step ${number} of ${work.tools.agent}`;
}
