// The tools that act. Each act is a step with a number, and before each stands a checkpoint that leads back to before
// it: without one nothing is done. Nothing here deletes, and no rule deletes what was kept here.
import { asFailure } from '../domain/asFailure.js';
import type { OperationResult } from '../domain/operation.js';
import { operationOutcome, programOutcome } from '../session/infos.js';
import type { UndoableRevert } from '../session/session.js';
import { markUntrusted, untrustedLine } from './guestText.js';
import { secondsOf } from './look.js';
import { ToolRefusal, toolError } from './refusal.js';
import {
  carryOutStep,
  ensureCheckpoint,
  keepCheckpoint,
  takeCheckpoint,
  titleOf,
  releaseReservation,
  type StepReport,
} from './stepCheckpoints.js';
import {
  allowedPlan,
  beginStep,
  diskRequest,
  revertRequest,
  revertTarget,
  type Step,
  undoTarget,
  wishOf,
} from './stepPlans.js';
import { type ToolHandler, usualSeconds } from './toolCall.js';

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

/** What the guest may write to a larger disk counts as if its checkpoint took it. */
export const changeDisk: ToolHandler = async (work) => {
  const step = await beginStep(work, 'act');
  const { ref } = step.view;
  const request = diskRequest(step);
  // Before a checkpoint is taken for what will be refused.
  await allowedPlan(step, request, 'nothing');
  const { change, disk, size } = work.input;
  return logStep(step, 'change_disk', [change, disk, size].filter(Boolean).join(' '), async (report) => {
    await ensureCheckpoint(step, report);
    work.tools.fresh.delete(ref.uuid);
    const { plan, result } = await carryOutStep(step, report, { request }, 'checkpoint');
    const [done] = plan.steps;
    return { ...(done !== undefined && 'target' in done && { disk: done.target }), ...outcomeOf(result) };
  });
};

async function runRevert(step: Step, tool: string, undone: UndoableRevert): Promise<Readonly<Record<string, unknown>>> {
  const { work, view } = step;
  const { tools } = work;
  const { snapshot: to, undoes } = undone;
  const request = revertRequest(step, undone);
  const planned = await allowedPlan(step, request, 'nothing');
  return logStep(step, tool, to.name, async (report) => {
    tools.fresh.delete(view.ref.uuid);
    tools.looked.delete(view.ref.uuid);
    // Where nothing changed since the last snapshot a revert keeps nothing; each act of an agent has a checkpoint of
    // its own.
    const spared = planned.checkpoint === undefined;
    if (spared) {
      await takeCheckpoint(step, report, { title: titleOf(step) });
    }
    const plan = spared ? await allowedPlan(step, request, 'checkpoint') : planned;
    const wanted = { request, agreed: plan, ...(undoes !== undefined && { undoes }) };
    let result: OperationResult;
    try {
      ({ result } = await carryOutStep(step, report, wanted, spared ? 'checkpoint' : 'nothing'));
    } catch (error) {
      // Its checkpoint stays where the revert fails after it, counts, and leads back. Where nothing was begun, one of
      // that name is somebody else's.
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

/**
 * What the history and the answer say of a step of an agent, which is one call of a tool that changes a VM, also where
 * it fails half way.
 */
const longestWhat = 300;

/** In the history, whatever becomes of it; not what was refused before it began, which would flood it. */
export async function logStep(
  step: Step,
  tool: string,
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
