// The tools that act. Each act is a step with a number, and before each stands a checkpoint that leads back to before it: without
// one nothing is done. Nothing here deletes, and no rule deletes what was kept here.
import { asFailure } from '../domain/asFailure.js';
import type { AfterRevert, OperationResult } from '../domain/operation.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { carriedOut } from '../session/carriedOut.js';
import { operationOutcome, programOutcome } from '../session/infos.js';
import type { CheckpointWish, Undone } from '../session/session.js';
import { untrusted, untrustedLine } from './guestText.js';
import { secondsOf } from './look.js';
import { ToolRefusal, toolError } from './refusal.js';
import {
  afterOf,
  allowedPlan,
  begun,
  checkpointRequest,
  revertRequest,
  revertTarget,
  type Step,
  undoTarget,
  wishOf,
} from './stepPlans.js';
import type { ToolName } from './toolTable.js';
import type { ToolWork } from './toolWork.js';

const usualRunSeconds = 60;
/** A checkpoint of an agent serves for what it does next, as long as it is the present's own, and so young. */
const freshMs = 60_000;
const longestWhat = 300;

export const checkpointVm: ToolWork = async (work) => {
  const step = await begun(work, 'checkpoint');
  return noted(step, 'checkpoint_vm', String(work.input['title'] ?? ''), async (told) => {
    const name = await taken(step, wishOf(work));
    told.before = name;
    work.desk.fresh.set(step.view.ref.uuid, { name, at: Date.now() });
    return { snapshot: name };
  });
};

export const revertVm: ToolWork = async (work) => {
  const step = await begun(work, 'act');
  return reverted(step, 'revert_vm', { snapshot: await revertTarget(step) }, afterOf(work));
};

export const undoRevert: ToolWork = async (work) => {
  const step = await begun(work, 'act');
  return reverted(step, 'undo_revert', await undoTarget(step), undefined);
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
    told.before = await checkpointFor(step);
    desk.fresh.delete(ref.uuid);
    const atMostMs = secondsOf(input, usualRunSeconds) * 1_000;
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

async function reverted(
  step: Step,
  tool: ToolName,
  { snapshot: to, undoes }: Undone,
  after: AfterRevert | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const { work, view } = step;
  const { session, desk, signal } = work;
  const request = revertRequest(step, to, after);
  const planned = await allowedPlan(step, request, 'nothing');
  return noted(step, tool, to.name, async (told) => {
    desk.fresh.delete(view.ref.uuid);
    // Where the disks hold what the last snapshot holds, a revert keeps nothing; the configuration may be another by now.
    const spared = planned.checkpoint === undefined;
    told.before = spared ? await taken(step, { title: titleOf(step) }) : undefined;
    const plan = spared ? await allowedPlan(step, request, 'checkpoint') : planned;
    const result = await carriedOut(session, plan, { signal, keepsAll: true, ...(undoes !== undefined && { undoes }) });
    if (result.checkpoint !== undefined) {
      told.before = result.checkpoint;
      await recorded(step, result.checkpoint, plan.spaceBytes);
      await session.inventory.setKept(view.ref, [result.checkpoint], 'kept');
    }
    return { reverted_to: to.name, ...outcomeOf(result) };
  });
}

/** The one that serves already, or a new one. */
async function checkpointFor(step: Step): Promise<string> {
  const { work, view, number } = step;
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
    return taken(step, { title: titleOf(step) });
  }
  await desk.checkpoints(session).add(view.ref, { ...own, last: number });
  return own.name;
}

async function taken(step: Step, wish: CheckpointWish): Promise<string> {
  const { work } = step;
  const request = await checkpointRequest(step, wish);
  const plan = await allowedPlan(step, request, 'nothing');
  const { snapshot } = await carriedOut(work.session, plan, { signal: work.signal });
  if (snapshot === undefined) {
    throw new Error('a checkpoint was taken and has no name');
  }
  await recorded(step, snapshot, plan.spaceBytes);
  return snapshot;
}

async function recorded({ work, view, number }: Step, name: string, bytes = 0): Promise<void> {
  const { session, desk } = work;
  const snapshot = findSnapshot(await session.inventory.readTree(view.ref), name);
  if (snapshot !== undefined) {
    const { createdAt } = snapshot;
    const { agent } = desk;
    await desk.checkpoints(session).add(view.ref, { name, createdAt, step: number, last: number, agent, bytes });
  }
}

/** In the history, whatever becomes of it; not what was refused before it began, which would flood it. */
async function noted(
  step: Step,
  tool: ToolName,
  what: string,
  act: (told: { before: string | undefined }) => Promise<Readonly<Record<string, unknown>>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { work, view, number } = step;
  const { session, desk } = work;
  const told: { before: string | undefined } = { before: undefined };
  const begunAt = performance.now();
  const note = async (outcome: 'done' | 'failed', failure?: string): Promise<void> => {
    const { before } = told;
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
    const { before } = told;
    return {
      vm: view.vm.name,
      step: number,
      ...answer,
      ...(before !== undefined && { before }),
      ...(tool === 'checkpoint_vm' ? {} : { to_go_back: `revert_vm with before_step ${number}` }),
    };
  } catch (error) {
    if (told.before !== undefined || !(error instanceof ToolRefusal || asFailure(error).kind === 'refused')) {
      await note('failed', toolError(error).message);
    }
    throw asTold(error, told.before, number);
  }
}

/** A model must know that there is a way back from what failed half way. */
function asTold(error: unknown, before: string | undefined, number: number): unknown {
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
