// The tools that act. Each act is a step with a number, and before each stands a checkpoint that leads back to before it: without
// one nothing is done. Nothing here deletes, and no rule deletes what was kept here.
import { asFailure } from '../domain/asFailure.js';
import type { OperationResult } from '../domain/operation.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { type AgentCheckpoint, notYetTaken } from '../journal/agentCheckpoints.js';
import type { Plan } from '../operations/plan.js';
import { carryOutPlan } from '../session/carryOutPlan.js';
import { operationOutcome, programOutcome } from '../session/infos.js';
import type { CheckpointWish, RunWish, UndoableRevert } from '../session/session.js';
import { markUntrusted, untrustedLine } from './guestText.js';
import { secondsOf } from './look.js';
import type { Denial } from './guard.js';
import { requireAllowed, ToolRefusal, toolError } from './refusal.js';
import {
  allowedPlan,
  beginStep,
  checkpointRequest,
  nextNumber,
  oneMoreDenial,
  revertRequest,
  revertTarget,
  readStep,
  type Step,
  undoTarget,
  wishOf,
} from './stepPlans.js';
import { type ToolName, usualSeconds } from './toolTable.js';
import type { ToolHandler } from './toolCall.js';

/** A checkpoint of an agent serves for what it does next, as long as it is the present's own, and so young. */
const freshMs = 60_000;
const longestWhat = 300;

export const checkpointVm: ToolHandler = async (work) => {
  const step = await beginStep(work, 'checkpoint');
  return logStep(step, 'checkpoint_vm', String(work.input['title'] ?? ''), async (report) => {
    const name = await takeCheckpoint(step, report, wishOf(work));
    work.tools.fresh.set(step.view.ref.uuid, { name, at: Date.now() });
    return { snapshot: name };
  });
};

export const revertVm: ToolHandler = async (work) => {
  const step = await beginStep(work, 'act');
  return runRevert(step, 'revert_vm', await revertTarget(step));
};

export const undoRevert: ToolHandler = async (work) => {
  const step = await beginStep(work, 'act');
  return runRevert(step, 'undo_revert', await undoTarget(step));
};

export const runInGuest: ToolHandler = async (work) => {
  const { session, tools, input, signal } = work;
  const step = await beginStep(work, 'act');
  const { ref, vm } = step.view;
  if (vm.power !== 'running') {
    throw new ToolRefusal('notRunning', `${vm.name} is not running, so programs cannot run in it.`);
  }
  if (!vm.agentConnected) {
    throw new ToolRefusal('noAgent', `The agent in ${vm.name} does not respond. While it starts, use wait_for_vm.`);
  }
  const program = String(input['program']);
  const args = Array.isArray(input['args']) ? (input['args'] as readonly string[]) : [];
  const text = input['input'];
  return logStep(step, 'run_in_guest', [program, ...args].join(' '), async (report) => {
    await ensureCheckpoint(step, report);
    tools.fresh.delete(ref.uuid);
    const atMostMs = secondsOf(input, usualSeconds.run_in_guest) * 1_000;
    const command = {
      program,
      args,
      atMostMs,
      ...(typeof text === 'string' && { input: new TextEncoder().encode(text) }),
    };
    const ran = await session.engine.guests.runIn(ref, command, signal);
    if (ran.kind === 'late') {
      return { ended: false, process: ran.pid, why: `It continues in the guest after ${atMostMs / 1_000} seconds.` };
    }
    const { stdout, stderr, cut, ...end } = programOutcome(ran);
    return { ended: true, ...end, stdout: markUntrusted(stdout), stderr: markUntrusted(stderr), ...(cut && { cut }) };
  });
};

async function runRevert(
  step: Step,
  tool: ToolName,
  undone: UndoableRevert,
): Promise<Readonly<Record<string, unknown>>> {
  const { work, view } = step;
  const { tools, signal } = work;
  const { snapshot: to, undoes } = undone;
  const request = revertRequest(step, undone);
  const planned = await allowedPlan(step, request, 'nothing');
  return logStep(step, tool, to.name, async (report) => {
    tools.fresh.delete(view.ref.uuid);
    // Where nothing changed since the last snapshot a revert keeps nothing; each act of an agent has a checkpoint of its own.
    const spared = planned.checkpoint === undefined;
    if (spared) {
      await takeCheckpoint(step, report, { title: titleOf(step) });
    }
    const plan = spared ? await allowedPlan(step, request, 'checkpoint') : planned;
    const wish = { signal, ...(undoes !== undefined && { undoes }) };
    let result: OperationResult;
    try {
      result = await carryOut(step, report, plan, wish);
    } catch (error) {
      // Its checkpoint stays where the revert fails after it, counts, and leads back. Where nothing was begun, one of that name is
      // somebody else's.
      const name = asFailure(error).details.recovered === undefined ? undefined : plan.checkpoint;
      await keepCheckpoint(step, report, plan, name).catch((reason: unknown) =>
        work.tools.log.warn(`the checkpoint before a revert that failed is not recorded: ${asFailure(reason).line}`),
      );
      throw error;
    }
    await keepCheckpoint(step, report, plan, result.checkpoint);
    return { reverted_to: to.name, ...outcomeOf(result) };
  });
}

async function keepCheckpoint(
  step: Step,
  report: StepReport,
  { spaceBytes }: Plan,
  name: string | undefined,
): Promise<void> {
  if (name !== undefined && (await recordCheckpoint(step, report, name, spaceBytes))) {
    await step.work.session.engine.setKept(step.view.ref, [name], 'kept');
  }
}

/** The one that serves already, or a new one. */
async function ensureCheckpoint(step: Step, report: StepReport): Promise<void> {
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

async function takeCheckpoint(step: Step, report: StepReport, wish: CheckpointWish): Promise<string> {
  const { work } = step;
  const request = await checkpointRequest(step, wish);
  const plan = await allowedPlan(step, request, 'nothing');
  const { snapshot } = await carryOut(step, report, plan, { signal: work.signal });
  if (snapshot === undefined) {
    throw new Error('a checkpoint was taken and has no name');
  }
  await recordCheckpoint(step, report, snapshot, plan.spaceBytes);
  return snapshot;
}

/**
 * In the VM's turn, when no other process is at work on it, the checkpoints are counted again, and the one that the plan takes is
 * written down before it is taken. What a person has put into the trash stays there.
 */
async function carryOut(
  { work, view }: Step,
  report: StepReport,
  plan: Plan,
  wish: Pick<RunWish, 'signal' | 'undoes'>,
): Promise<OperationResult> {
  const { session, tools } = work;
  // The snapshot of a revert is the one that it goes back to.
  const name = plan.request.kind === 'create' ? plan.snapshot : plan.checkpoint;
  let denial: Denial | undefined;
  const reserve = async (name: string): Promise<void> => {
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
  try {
    return await carryOutPlan(session, plan, {
      ...wish,
      keepsAll: true,
      around: async (steps) => {
        await (name === undefined ? undefined : reserve(name));
        return steps();
      },
    });
  } catch (error) {
    requireAllowed(denial);
    throw error;
  }
}

/** Of a checkpoint that was not taken after all. */
async function releaseReservation({ work, view }: Step, { reserved }: StepReport): Promise<void> {
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

/** The number of what was reserved, or a new one: since the step was begun, another process may have written its own. */
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

/** What the answer and the history say of a step. */
interface StepReport {
  before: string | undefined;
  number: number;
  /** What is written down of a checkpoint that is being taken. */
  reserved?: AgentCheckpoint | undefined;
}

/** In the history, whatever becomes of it; not what was refused before it began, which would flood it. */
async function logStep(
  step: Step,
  tool: ToolName,
  what: string,
  act: (report: StepReport) => Promise<Readonly<Record<string, unknown>>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { work, view } = step;
  const { session, tools } = work;
  const report: StepReport = { before: undefined, number: step.number };
  const begunAt = performance.now();
  const logOutcome = async (outcome: 'done' | 'failed', failure?: string): Promise<void> => {
    const { before, number } = report;
    await tools.audit(session).note({
      connection: view.ref.connection,
      vm: { uuid: view.ref.uuid, name: view.vm.name },
      request: {
        kind: 'agent',
        agent: tools.agent,
        tool,
        step: number,
        what: untrustedLine(what, longestWhat),
        ...(before !== undefined && { before }),
      },
      outcome,
      durationMs: Math.round(performance.now() - begunAt),
      ...(failure !== undefined && { failure }),
    });
  };
  try {
    const answer = await act(report);
    await logOutcome('done');
    const { before, number } = report;
    return {
      vm: view.vm.name,
      step: number,
      ...answer,
      ...(before !== undefined && { before }),
      ...(tool === 'checkpoint_vm' ? {} : { to_go_back: `revert_vm with before_step ${number}` }),
    };
  } catch (error) {
    await releaseReservation(step, report);
    if (report.before !== undefined || !(error instanceof ToolRefusal || asFailure(error).kind === 'refused')) {
      await logOutcome('failed', toolError(error).message);
    }
    throw withWayBack(error, report);
  }
}

/** A model must know that there is a way back from what failed half way. */
function withWayBack(error: unknown, { before, number }: StepReport): unknown {
  if (before === undefined || error instanceof ToolRefusal) {
    return error;
  }
  const { kind, message } = toolError(asFailure(error));
  return new ToolRefusal(
    kind,
    `${message} The previous state was saved: revert_vm with before_step ${number} goes back to it.`,
  );
}

function titleOf({ number, work }: Step): string {
  return `Before step ${number} of ${work.tools.agent}`;
}

function outcomeOf(result: OperationResult): Readonly<Record<string, unknown>> {
  const { state, durationMs, guestPausedMs, notSeamless, clockBehindMs, left } = operationOutcome(result);
  return {
    state,
    duration_ms: durationMs,
    ...(guestPausedMs !== undefined && { guest_paused_ms: guestPausedMs }),
    ...(notSeamless !== undefined && { not_seamless: notSeamless }),
    ...(clockBehindMs !== undefined && { clock_behind_ms: clockBehindMs }),
    ...(left !== undefined && { left }),
  };
}
