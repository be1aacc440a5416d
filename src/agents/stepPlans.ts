// What an act of an agent would do to its VM, as a plan that the guard has let pass, and as a question. Does nothing.
import { t } from '@vscode/l10n';
import type { AfterRevert, DiskChange, OperationRequest } from '../domain/operation.js';
import type { Snapshot } from '../domain/snapshot.js';
import { displayLine } from '../domain/plainText.js';
import { freeTitle } from '../domain/snapshotName.js';
import type { VmView } from '../live/views.js';
import {
  type AgentCheckpoint,
  countedCheckpoints,
  existingCheckpoints,
  findCheckpointBefore,
} from '../journal/agentCheckpoints.js';
import type { Plan } from '../operations/plan.js';
import { parseSize } from '../session/disks.js';
import type { CheckpointWish, UndoableRevert } from '../session/session.js';
import { questionOf } from '../text/questions/questionText.js';
import { untrustedLine } from './guestText.js';
import { type Denial, gigabyte, limitDenial, lossDenial } from './guard.js';
import { requireAllowed, ToolRefusal } from './refusal.js';
import {
  findSnapshotForAgent,
  requirePermittedVm,
  type ToolCall,
  type ToolInput,
  type ToolQuestion,
} from './toolCall.js';

export interface Step {
  readonly work: ToolCall;
  readonly view: VmView;
  /** That it would have; another process of this user may be quicker. */
  readonly number: number;
  /** The checkpoints of agents that still exist. */
  readonly taken: readonly AgentCheckpoint[];
  /** Those that count for the limits. */
  readonly counted: readonly AgentCheckpoint[];
}

/** What a person is told before an agent's act, in their language: what it does, what is kept and what is lost. */
export async function questionFor(name: string, work: ToolCall): Promise<ToolQuestion> {
  const { view, plan } = await planAct(work, name);
  if (plan !== undefined) {
    return questionOf({ plan, target: view }, Date.now());
  }
  const { title, words } = actInGuest(name, displayLine(view.vm.name), work.input);
  return {
    title,
    details: [
      untrustedLine(words.join(' '), 1_000),
      t(
        'A checkpoint is created first, so its changes to the VM can be undone. Data that it sends elsewhere cannot be undone.',
      ),
    ].join('\n'),
  };
}

/** What is done in the guest, as a question, and with what. */
function actInGuest(
  tool: string,
  vm: string,
  { program, args, keys, text, x, y }: ToolInput,
): { readonly title: string; readonly words: readonly unknown[] } {
  switch (tool) {
    case 'press_keys':
      return { title: t('Press keys in {0}?', vm), words: [keys].flat() };
    case 'type_text':
      return { title: t('Press keys in {0}?', vm), words: [text] };
    case 'click':
      return { title: t('Click on the display of {0}?', vm), words: [[x, y].join(', ')] };
    default:
      return { title: t('Run a program in {0}?', vm), words: [program, args ?? []].flat() };
  }
}

/**
 * Plans a tool that acts: what it would do, where that is an operation of ours. Does nothing.
 * @throws ToolRefusal, Failure
 */
async function planAct(work: ToolCall, tool: string): Promise<{ readonly view: VmView; readonly plan?: Plan }> {
  const step = await beginStep(work, tool === 'checkpoint_vm' ? 'checkpoint' : 'act');
  const { view } = step;
  if (tool === 'checkpoint_vm') {
    return { view, plan: await allowedPlan(step, await checkpointRequest(step, wishOf(work)), 'nothing') };
  }
  if (tool === 'change_disk') {
    return { view, plan: await allowedPlan(step, diskRequest(step), 'nothing') };
  }
  if (!['revert_vm', 'undo_revert'].includes(tool)) {
    return { view };
  }
  const to = tool === 'undo_revert' ? await undoTarget(step) : await revertTarget(step);
  const request = revertRequest(step, to);
  return { view, plan: await allowedPlan(step, request, 'nothing') };
}

/** @throws ToolRefusal, Failure */
export async function beginStep(work: ToolCall, needs: 'checkpoint' | 'act'): Promise<Step> {
  return readStep(work, await requirePermittedVm(work, needs));
}

/** What there is of agents' checkpoints. */
export async function readStep(work: ToolCall, view: VmView): Promise<Step> {
  const { session, tools } = work;
  const all = await tools.checkpoints(session).of(view.ref);
  const tree = await session.engine.readTree(view.ref);
  const [taken, counted] = [existingCheckpoints(all, tree), countedCheckpoints(all, tree)];
  return { work, view, number: nextNumber(all), taken, counted };
}

export function nextNumber(all: readonly AgentCheckpoint[]): number {
  return 1 + Math.max(0, ...all.map(({ last }) => last));
}

/** What was given has been held to the words of the table. */
export async function revertTarget(step: Step): Promise<Pick<UndoableRevert, 'snapshot' | 'after'>> {
  const after = step.work.input['after'] as AfterRevert | undefined;
  return { snapshot: await findRevertTarget(step), ...(after !== undefined && { after }) };
}

async function findRevertTarget({ work, view, taken: those }: Step): Promise<Snapshot> {
  const { snapshot, before_step: number } = work.input;
  if ((snapshot === undefined) === (number === undefined)) {
    throw new ToolRefusal('invalid', 'revert_vm takes snapshot or before_step, one of them.');
  }
  if (typeof number !== 'number') {
    return findSnapshotForAgent(work, view, String(snapshot));
  }
  const found = findCheckpointBefore(those, number);
  if (found === undefined) {
    throw new ToolRefusal(
      'notFound',
      `The checkpoint before step ${number} of ${view.vm.name} does not exist. describe_vm lists the existing ones.`,
    );
  }
  return work.session.snapshot(view, found.name);
}

export async function undoTarget({ work, view }: Step): Promise<UndoableRevert> {
  const undone = await work.session.findUndoableRevert(view);
  if (undone === undefined) {
    throw new ToolRefusal('notFound', `No revert of ${view.vm.name} can be undone. describe_vm lists its snapshots.`);
  }
  return undone;
}

export function wishOf({ input }: ToolCall): CheckpointWish {
  const { title, description } = input;
  return {
    ...(typeof title === 'string' && { title }),
    ...(typeof description === 'string' && { description }),
  };
}

/** @throws ToolRefusal */
export function diskRequest({ work, view }: Pick<Step, 'work' | 'view'>): OperationRequest {
  return { kind: 'disk', vm: view.ref, change: diskChangeIn(work.input) };
}

function diskChangeIn({ change, disk: target, size }: ToolInput): DiskChange {
  const bytes = typeof size === 'string' ? parseSize(size) : undefined;
  const isFit = (change === 'add') === (target === undefined) && (change === 'remove') === (size === undefined);
  if (!isFit || (size !== undefined && bytes === undefined)) {
    throw new ToolRefusal(
      'invalid',
      'grow takes disk and size, add takes size, remove takes disk. A size is such as 40G.',
    );
  }
  const disk = String(target);
  return bytes === undefined
    ? { do: 'remove', target: disk }
    : change === 'add'
      ? { do: 'add', bytes }
      : { do: 'grow', target: disk, bytes };
}

/** What the guest can write to it more than before. */
export function diskBytes({ steps }: Plan): number {
  const more = steps.map((step) =>
    step.kind === 'growDisk' ? step.bytes - step.from : step.kind === 'addDisk' ? step.bytes : 0,
  );
  return more.reduce((sum, bytes) => sum + bytes, 0);
}

/** What is now is kept, always: not as it is set. */
export function revertRequest(
  { work, view }: Step,
  { snapshot, after }: Pick<UndoableRevert, 'snapshot' | 'after'>,
): OperationRequest {
  return work.session.revertRequest(view, snapshot, { checkpointFirst: true, ...(after !== undefined && { after }) });
}

export async function checkpointRequest(
  { work, view }: Step,
  { title, ...more }: CheckpointWish,
): Promise<OperationRequest> {
  const { snapshots } = await work.session.engine.readTree(view.ref);
  return work.session.checkpointRequest(view, {
    ...more,
    ...(title !== undefined && { title: freeTitle(title, snapshots) }),
  });
}

/** @param done for this step already @throws ToolRefusal, Failure */
export async function allowedPlan(
  step: Step,
  request: OperationRequest,
  done: 'nothing' | 'checkpoint',
): Promise<Plan> {
  const plan = await step.work.session.plan(step.view, request, step.work.signal);
  requireAllowed(planDenial(step, plan, done));
  return plan;
}

/**
 * | it                                    | done before it | may lose the configuration                | counts for the limits |
 * |---------------------------------------|----------------|-------------------------------------------|-----------------------|
 * | keeps what is now, or is a checkpoint | nothing        | no                                        | yes                   |
 * | the same                              | a checkpoint   | yes: that has it                          | yes                   |
 * | is a revert that keeps nothing        | nothing        | yes: a checkpoint will be taken before it | yes, for that         |
 * | the same                              | a checkpoint   | yes: that has it                          | no                    |
 *
 * @param done for this step already
 */
export function planDenial(step: Step, plan: Plan, done: 'nothing' | 'checkpoint'): Denial | undefined {
  const keepsNothing = plan.request.kind === 'revert' && plan.checkpoint === undefined;
  const hasConfiguration = keepsNothing || done === 'checkpoint';
  const losses = plan.losses.map(({ kind }) => kind);
  const lost = hasConfiguration ? losses.filter((kind) => kind !== 'configuration') : losses;
  const counts = !keepsNothing || done === 'nothing';
  return lossDenial(step.view.vm.name, lost) ?? (counts ? oneMoreDenial(step, plan) : undefined);
}

/** Why there may not be one more checkpoint of agents. */
export function oneMoreDenial(step: Step, plan: Plan): Denial | undefined {
  return limitDenialOf(step, plan, step.counted.length);
}

/** Why there may be no more in them, where none comes. */
export function spaceDenial(step: Step, plan: Plan): Denial | undefined {
  return limitDenialOf(step, plan, 0);
}

function limitDenialOf({ work, view, counted }: Step, plan: Plan, already: number): Denial | undefined {
  const { spaceBytes = diskBytes(plan) } = plan;
  const { agentCheckpoints: checkpoints, agentSpaceGb } = work.session.settings;
  const bytes = counted.reduce((sum, one) => sum + one.bytes, 0);
  const limits = { checkpoints, bytes: agentSpaceGb * gigabyte };
  return limitDenial(view.vm.name, { checkpoints: already, bytes }, spaceBytes, limits);
}
