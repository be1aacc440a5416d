// The tools that act. Each act is a step with a number, and before each stands a checkpoint that leads back to before it: without
// one nothing is done. Nothing here deletes, and no rule deletes what was kept here.
import { asFailure } from '../domain/asFailure.js';
import type { OperationResult } from '../domain/operation.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { type AgentCheckpoint, notYetTaken } from '../journal/agentCheckpoints.js';
import type { Plan } from '../operations/plan.js';
import { carriedOut } from '../session/carriedOut.js';
import { operationOutcome, programOutcome } from '../session/infos.js';
import type { CheckpointWish, RunWish, Undone } from '../session/session.js';
import { untrusted, untrustedLine } from './guestText.js';
import { secondsOf } from './look.js';
import type { Denial } from './guard.js';
import { requireAllowed, ToolRefusal, toolError } from './refusal.js';
import {
  allowedPlan,
  begun,
  checkpointRequest,
  nextNumber,
  oneMoreDenial,
  revertRequest,
  revertTarget,
  seenNow,
  type Step,
  undoTarget,
  wishOf,
} from './stepPlans.js';
import { type ToolName, usualSeconds } from './toolTable.js';
import type { ToolWork } from './toolWork.js';

/** A checkpoint of an agent serves for what it does next, as long as it is the present's own, and so young. */
const freshMs = 60_000;
const longestWhat = 300;

export const checkpointVm: ToolWork = async (work) => {
  const step = await begun(work, 'checkpoint');
  return noted(step, 'checkpoint_vm', String(work.input['title'] ?? ''), async (told) => {
    const name = await taken(step, told, wishOf(work));
    work.desk.fresh.set(step.view.ref.uuid, { name, at: Date.now() });
    return { snapshot: name };
  });
};

export const revertVm: ToolWork = async (work) => {
  const step = await begun(work, 'act');
  return reverted(step, 'revert_vm', await revertTarget(step));
};

export const undoRevert: ToolWork = async (work) => {
  const step = await begun(work, 'act');
  return reverted(step, 'undo_revert', await undoTarget(step));
};

export const runInGuest: ToolWork = async (work) => {
  const { session, desk, input, signal } = work;
  const step = await begun(work, 'act');
  const { ref, vm } = step.view;
  if (vm.power !== 'running') {
    throw new ToolRefusal('notRunning', `${vm.name} does not run, so no program can.`);
  }
  if (!vm.agentConnected) {
    throw new ToolRefusal('noAgent', `No guest agent answers in ${vm.name}. If it is starting, use wait_for_vm first.`);
  }
  const program = String(input['program']);
  const args = Array.isArray(input['args']) ? (input['args'] as readonly string[]) : [];
  const text = input['input'];
  return noted(step, 'run_in_guest', [program, ...args].join(' '), async (told) => {
    await checkpointFor(step, told);
    desk.fresh.delete(ref.uuid);
    const atMostMs = secondsOf(input, usualSeconds.run_in_guest) * 1_000;
    const command = {
      program,
      args,
      atMostMs,
      ...(typeof text === 'string' && { input: new TextEncoder().encode(text) }),
    };
    const ran = await session.inventory.guests.runIn(ref, command, signal);
    if (ran.kind === 'late') {
      return { ended: false, process: ran.pid, why: `It goes on in the guest after ${atMostMs / 1_000} seconds.` };
    }
    const { stdout, stderr, cut, ...end } = programOutcome(ran);
    return { ended: true, ...end, stdout: untrusted(stdout), stderr: untrusted(stderr), ...(cut && { cut }) };
  });
};

async function reverted(step: Step, tool: ToolName, undone: Undone): Promise<Readonly<Record<string, unknown>>> {
  const { work, view } = step;
  const { desk, signal } = work;
  const { snapshot: to, undoes } = undone;
  const request = revertRequest(step, undone);
  const planned = await allowedPlan(step, request, 'nothing');
  return noted(step, tool, to.name, async (told) => {
    desk.fresh.delete(view.ref.uuid);
    // Where nothing changed since the last snapshot a revert keeps nothing; each act of an agent has a checkpoint of its own.
    const spared = planned.checkpoint === undefined;
    if (spared) {
      await taken(step, told, { title: titleOf(step) });
    }
    const plan = spared ? await allowedPlan(step, request, 'checkpoint') : planned;
    const wish = { signal, ...(undoes !== undefined && { undoes }) };
    let result: OperationResult;
    try {
      result = await carryOut(step, told, plan, wish);
    } catch (error) {
      // Its checkpoint stays where the revert fails after it, counts, and leads back. Where nothing was begun, one of that name is
      // somebody else's.
      const name = asFailure(error).details.recovered === undefined ? undefined : plan.checkpoint;
      await keepCheckpoint(step, told, plan, name).catch((reason: unknown) =>
        work.desk.log.warn(`the checkpoint before a revert that failed is not recorded: ${asFailure(reason).line}`),
      );
      throw error;
    }
    await keepCheckpoint(step, told, plan, result.checkpoint);
    return { reverted_to: to.name, ...outcomeOf(result) };
  });
}

async function keepCheckpoint(step: Step, told: Told, { spaceBytes }: Plan, name: string | undefined): Promise<void> {
  if (name !== undefined && (await recorded(step, told, name, spaceBytes))) {
    await step.work.session.inventory.setKept(step.view.ref, [name], 'kept');
  }
}

/** The one that serves already, or a new one. */
async function checkpointFor(step: Step, told: Told): Promise<void> {
  const { work, view } = step;
  const { session, desk } = work;
  const fresh = desk.fresh.get(view.ref.uuid);
  const own = step.taken.find(({ name }) => name === fresh?.name);
  const tree = await session.inventory.readTree(view.ref);
  if (
    fresh === undefined ||
    own === undefined ||
    tree.current !== own.name ||
    // Programs run: their RAM must be in it.
    findSnapshot(tree, own.name)?.kind !== 'memory' ||
    Date.now() - fresh.at > freshMs
  ) {
    await taken(step, told, { title: titleOf(step) });
    return;
  }
  await write(step, told, own);
}

async function taken(step: Step, told: Told, wish: CheckpointWish): Promise<string> {
  const { work } = step;
  const request = await checkpointRequest(step, wish);
  const plan = await allowedPlan(step, request, 'nothing');
  const { snapshot } = await carryOut(step, told, plan, { signal: work.signal });
  if (snapshot === undefined) {
    throw new Error('a checkpoint was taken and has no name');
  }
  await recorded(step, told, snapshot, plan.spaceBytes);
  return snapshot;
}

/**
 * In the VM's turn, when no other process is at work on it, the checkpoints are counted again, and the one that the plan takes is
 * written down before it is taken. What a person has put into the trash stays there.
 */
async function carryOut(
  { work, view }: Step,
  told: Told,
  plan: Plan,
  wish: Pick<RunWish, 'signal' | 'undoes'>,
): Promise<OperationResult> {
  const { session, desk } = work;
  // The snapshot of a revert is the one that it goes back to.
  const name = plan.request.kind === 'create' ? plan.snapshot : plan.checkpoint;
  let denial: Denial | undefined;
  const reserve = async (name: string): Promise<void> => {
    const now = await seenNow(work, view);
    denial = oneMoreDenial(now, plan);
    requireAllowed(denial);
    const { number } = now;
    told.reserved = {
      name,
      createdAt: notYetTaken,
      step: number,
      last: number,
      agent: desk.agent,
      bytes: plan.spaceBytes ?? 0,
    };
    await desk.checkpoints(session).add(view.ref, told.reserved);
  };
  try {
    return await carriedOut(session, plan, {
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
async function forgetReserved({ work, view }: Step, { reserved }: Told): Promise<void> {
  if (reserved === undefined) {
    return;
  }
  try {
    const tree = await work.session.inventory.readTree(view.ref);
    if (findSnapshot(tree, reserved.name) === undefined) {
      await work.desk.checkpoints(work.session).forget(view.ref, reserved);
    }
  } catch (error) {
    work.desk.log.warn(`the checkpoint ${reserved.name}, which may not be there, counts: ${asFailure(error).line}`);
  }
}

/** @returns whether it is there */
async function recorded(step: Step, told: Told, name: string, bytes = 0): Promise<boolean> {
  const { work, view } = step;
  const snapshot = findSnapshot(await work.session.inventory.readTree(view.ref), name);
  if (snapshot !== undefined) {
    await write(step, told, { name, createdAt: snapshot.createdAt, agent: work.desk.agent, bytes });
  }
  return snapshot !== undefined;
}

/** The number of what was reserved, or a new one: since the step was begun, another process may have written its own. */
async function write(
  { work, view }: Step,
  told: Told,
  checkpoint: Omit<AgentCheckpoint, 'step' | 'last'> & Partial<Pick<AgentCheckpoint, 'step'>>,
): Promise<void> {
  const checkpoints = work.desk.checkpoints(work.session);
  const { reserved } = told;
  const number = reserved?.step ?? nextNumber(await checkpoints.of(view.ref));
  await checkpoints.add(view.ref, { step: number, ...checkpoint, last: number });
  if (reserved !== undefined) {
    told.reserved = undefined;
    await checkpoints.forget(view.ref, reserved);
  }
  told.before = checkpoint.name;
  told.number = number;
}

/** What the answer and the history say of a step. */
interface Told {
  before: string | undefined;
  number: number;
  /** What is written down of a checkpoint that is being taken. */
  reserved?: AgentCheckpoint | undefined;
}

/** In the history, whatever becomes of it; not what was refused before it began, which would flood it. */
async function noted(
  step: Step,
  tool: ToolName,
  what: string,
  act: (told: Told) => Promise<Readonly<Record<string, unknown>>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { work, view } = step;
  const { session, desk } = work;
  const told: Told = { before: undefined, number: step.number };
  const begunAt = performance.now();
  const note = async (outcome: 'done' | 'failed', failure?: string): Promise<void> => {
    const { before, number } = told;
    await desk.audit(session).note({
      connection: view.ref.connection,
      vm: { uuid: view.ref.uuid, name: view.vm.name },
      request: {
        kind: 'agent',
        agent: desk.agent,
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
    const answer = await act(told);
    await note('done');
    const { before, number } = told;
    return {
      vm: view.vm.name,
      step: number,
      ...answer,
      ...(before !== undefined && { before }),
      ...(tool === 'checkpoint_vm' ? {} : { to_go_back: `revert_vm with before_step ${number}` }),
    };
  } catch (error) {
    await forgetReserved(step, told);
    if (told.before !== undefined || !(error instanceof ToolRefusal || asFailure(error).kind === 'refused')) {
      await note('failed', toolError(error).message);
    }
    throw asTold(error, told);
  }
}

/** A model must know that there is a way back from what failed half way. */
function asTold(error: unknown, { before, number }: Told): unknown {
  if (before === undefined || error instanceof ToolRefusal) {
    return error;
  }
  const { kind, message } = toolError(asFailure(error));
  return new ToolRefusal(
    kind,
    `${message} What was before is kept: revert_vm with before_step ${number} goes back to it.`,
  );
}

function titleOf({ number, work }: Step): string {
  return `Before step ${number} of ${work.desk.agent}`;
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
