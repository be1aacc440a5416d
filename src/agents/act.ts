// The tools that act. Each act is a step with a number, and before each stands a checkpoint that leads back to before it: without
// one nothing is done. Nothing here deletes, and no rule deletes what was kept here.
import { asFailure } from '../domain/asFailure.js';
import type { AfterRevert, OperationRequest, OperationResult } from '../domain/operation.js';
import type { Snapshot } from '../domain/snapshot.js';
import { freeTitle } from '../domain/snapshotName.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import type { VmView } from '../inventory/views.js';
import type { AgentCheckpoint } from '../journal/agentCheckpoints.js';
import type { Plan } from '../operations/plan.js';
import { carriedOut } from '../session/carriedOut.js';
import { operationOutcome, programOutcome } from '../session/infos.js';
import type { CheckpointWish } from '../session/session.js';
import { permitted, type ToolWork, type Work } from './desk.js';
import { limitOf, lossDenial } from './guard.js';
import { untrusted, untrustedLine } from './guestText.js';
import { secondsOf } from './look.js';
import { requireAllowed, ToolRefusal, toolError } from './refusal.js';
import type { ToolName } from './toolTable.js';

const usualRunSeconds = 60;
/** A checkpoint of an agent serves for what it does next, as long as it is the present's own, and so young. */
const freshMs = 60_000;
const longestWhat = 300;
const gigabyte = 1e9;

interface Step {
  readonly work: Work;
  readonly view: VmView;
  readonly number: number;
  /** Of agents, as far as they are there. */
  readonly taken: readonly AgentCheckpoint[];
}

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
  return reverted(step, 'revert_vm', await revertTarget(step), afterOf(work));
};

/** Of a tool that acts: what would be done, where that is an operation of ours. Does nothing. @throws ToolRefusal, Failure */
export async function plannedAct(work: Work, tool: ToolName): Promise<{ readonly view: VmView; readonly plan?: Plan }> {
  const step = await begun(work, tool === 'checkpoint_vm' ? 'checkpoint' : 'act');
  const { view } = step;
  if (tool === 'checkpoint_vm') {
    return { view, plan: await allowedPlan(step, await checkpointRequest(step, wishOf(work)), []) };
  }
  if (tool === 'run_in_guest') {
    return { view };
  }
  const request =
    tool === 'undo_revert'
      ? revertRequest(step, await undoTarget(step))
      : revertRequest(step, await revertTarget(step), afterOf(work));
  return { view, plan: await allowedPlan(step, request, []) };
}

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

/** @throws ToolRefusal, Failure */
async function begun(work: Work, needs: 'checkpoint' | 'act'): Promise<Step> {
  const { session, desk } = work;
  const view = await permitted(work, needs);
  const all = await desk.checkpoints(session).of(view.ref);
  const tree = await session.inventory.readTree(view.ref);
  const isThere = ({ name, createdAt }: AgentCheckpoint): boolean => findSnapshot(tree, name)?.createdAt === createdAt;
  const number = 1 + Math.max(0, ...all.map(({ last }) => last));
  return { work, view, number, taken: all.filter(isThere) };
}

async function revertTarget({ work, view, taken: those }: Step): Promise<Snapshot> {
  const { snapshot, before_step: number } = work.input;
  if ((snapshot === undefined) === (number === undefined)) {
    throw new ToolRefusal('invalid', 'revert_vm takes snapshot or before_step, one of them.');
  }
  if (typeof number !== 'number') {
    return work.session.snapshot(view, String(snapshot));
  }
  const found = those.findLast(({ step, last }) => step <= number && number <= last);
  if (found === undefined) {
    throw new ToolRefusal(
      'notFound',
      `The checkpoint before step ${number} of ${view.vm.name} is not there. describe_vm tells those that are.`,
    );
  }
  return work.session.snapshot(view, found.name);
}

async function undoTarget({ work, view }: Step): Promise<Snapshot> {
  const undone = await work.session.undone(view);
  if (undone === undefined) {
    throw new ToolRefusal('notFound', `No revert of ${view.vm.name} can be undone. describe_vm tells its snapshots.`);
  }
  return undone.snapshot;
}

/** What was given has been held to the words of the table. */
function afterOf({ input }: Work): AfterRevert | undefined {
  return input['after'] as AfterRevert | undefined;
}

function wishOf({ input }: Work): CheckpointWish {
  const { title, description } = input;
  return {
    ...(typeof title === 'string' && { title }),
    ...(typeof description === 'string' && { description }),
  };
}

/** What is now is kept, always: not as it is set. */
function revertRequest({ work, view }: Step, to: Snapshot, after?: AfterRevert): OperationRequest {
  return work.session.revertRequest(view, to, { checkpointFirst: true, ...(after !== undefined && { after }) });
}

async function checkpointRequest({ work, view }: Step, { title, ...more }: CheckpointWish): Promise<OperationRequest> {
  const { snapshots } = await work.session.inventory.readTree(view.ref);
  return work.session.checkpointRequest(view, {
    ...more,
    ...(title !== undefined && { title: freeTitle(title, snapshots) }),
  });
}

async function reverted(
  step: Step,
  tool: ToolName,
  to: Snapshot,
  after: AfterRevert | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const { work, view } = step;
  const { session, desk, signal } = work;
  const request = revertRequest(step, to, after);
  const planned = await allowedPlan(step, request, []);
  return noted(step, tool, to.name, async (told) => {
    desk.fresh.delete(view.ref.uuid);
    // Where the disks hold what the last snapshot holds, a revert keeps nothing; the configuration may be another by now.
    const spared = planned.checkpoint === undefined;
    told.before = spared ? await taken(step, { title: titleOf(step) }) : undefined;
    const plan = spared ? await allowedPlan(step, request, ['configuration']) : planned;
    const result = await carriedOut(session, plan, { signal, keepsAll: true });
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
  const plan = await allowedPlan(step, request, []);
  const { snapshot } = await carriedOut(work.session, plan, { signal: work.signal });
  if (snapshot === undefined) {
    throw new Error('a checkpoint was taken and has no name');
  }
  await recorded(step, snapshot, plan.spaceBytes);
  return snapshot;
}

/** @param mayLose kinds of losses that something else keeps */
async function allowedPlan(step: Step, request: OperationRequest, mayLose: readonly string[]): Promise<Plan> {
  const { work, view } = step;
  const { session } = work;
  const plan = await session.plan(view, request);
  const { name } = view.vm;
  const spared = request.kind === 'revert' && plan.checkpoint === undefined;
  const losses = plan.losses.map(({ kind }) => kind).filter((kind) => !mayLose.includes(kind));
  requireAllowed(lossDenial(name, spared ? losses.filter((kind) => kind !== 'configuration') : losses));
  if (!spared || mayLose.length === 0) {
    const { agentCheckpoints: checkpoints, agentSpaceGb } = session.settings;
    const bytes = step.taken.reduce((sum, one) => sum + one.bytes, 0);
    const limits = { checkpoints, bytes: agentSpaceGb * gigabyte };
    requireAllowed(limitOf(name, { checkpoints: step.taken.length, bytes }, plan.spaceBytes ?? 0, limits));
  }
  return plan;
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
  const { state, durationMs, guestPausedMs, left } = operationOutcome(result);
  return {
    state,
    duration_ms: durationMs,
    ...(guestPausedMs !== undefined && { guest_paused_ms: guestPausedMs }),
    ...(left !== undefined && { left }),
  };
}
