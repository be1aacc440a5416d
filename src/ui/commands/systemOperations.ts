// What is done with all VMs of a system as one: planned for each, agreed to once, carried out for all or for none.
import { groupQuestion } from '../../session/carryOut.js';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { asFailure } from '../../domain/asFailure.js';
import type { OperationRequest } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import { checkpointTitle } from '../../domain/titleSuggestion.js';
import type { StoredSystem, SystemPoint } from '../../domain/system.js';
import type { CommandId } from '../../verbs/verbs.js';
import { treeViewId } from '../../manifest/viewIds.js';
import type { SystemResult } from '../../systems/groupRun.js';
import type { SystemPlan } from '../../systems/systemPlan.js';
import type { SystemPowerPlan } from '../../systems/systemPower.js';
import type { Systems } from '../../systems/systems.js';
import { failureMessage } from '../../text/failureMessage.js';
import { requestWords } from '../../text/operationProgress.js';
import type { QuestionText } from '../../text/questionText.js';
import { lateOf, notAllUp, outcomeLines, systemDoneText, systemQuestion, withoutRam } from '../../text/systemText.js';
import { SystemProgress } from '../../text/systemProgress.js';
import { askQuestion } from '../prompts/askQuestion.js';
import { askText } from '../prompts/ask.js';
import { requireAnswer, CommandError, NothingThere } from '../prompts/commandError.js';
import { noteInStatusBar, notify, notifyProgress, showInView } from '../prompts/notify.js';
import { argumentsOf } from './commandArguments.js';
import type { CommandRun } from './commandServices.js';
import { mustConfirm, typeNameOfSystem } from './consent.js';
import { gitReference } from './gitReference.js';
import { showFailure } from './runCommand.js';
import { targetPoint, targetSystem } from './systemTargets.js';
import { rowOfCall, sayTarget } from './targets.js';
import { cancelSeconds, undoMomentOf } from './cancelMoment.js';
import { sessionOf } from './sessionOf.js';

/** A restore point of all VMs of a system, at one moment: what its members on connections that are away say is told. */
export async function checkpoint(run: CommandRun, title: 'asked' | 'suggested'): Promise<SystemResult> {
  const stored = await targetSystem(run);
  if (title === 'suggested') {
    sayTarget(run, stored.system.name);
  }
  const given = argumentsOf(run.call);
  const titles = stored.points.map((point) => ({ name: point.title, title: point.title }));
  const suggestion = checkpointTitle(titles, new Date());
  const isTaken = (text: string): boolean => titles.some((one) => one.title === text.trim());
  if (given.title === undefined && title === 'asked') {
    // What no title could change is refused before it is asked.
    await decideHere(run, (systems) => systems.planCheckpoint(stored, { title: suggestion }));
  }
  const wanted =
    given.title ??
    (title === 'suggested'
      ? suggestion
      : requireAnswer(
          await askText({
            title: t('Title of the Restore Point of {0}', stored.system.name),
            prompt: t('The snapshots of all its VMs get this title.'),
            value: suggestion,
            ignoreFocusOut: true,
            problem: (text) =>
              text.trim() === ''
                ? t('A snapshot needs a title.')
                : isTaken(text)
                  ? t('The name is already used.')
                  : undefined,
          }),
        ).trim());
  if (isTaken(wanted)) {
    throw new CommandError('exists', t('The name is already used.'));
  }
  const { description } = given;
  const git = gitReference();
  const follow = run.tree.focus.followSystem(stored.system.id, rowOfCall(run));
  const result = await carryOutSystem(run, stored, 'virtRewind.createSnapshot', (systems) =>
    systems.planCheckpoint(stored, {
      title: wanted,
      ...(description !== undefined && { description }),
      ...(git !== undefined && { git }),
    }),
  );
  follow(result.point?.id);
  return result;
}

export async function revertSystem(run: CommandRun): Promise<SystemResult> {
  const stored = await targetSystem(run);
  const point = await targetPoint(run, stored);
  return revertTo(run, stored, point, 'virtRewind.revert');
}

/** To the newest restore point that somebody made. */
export async function revertToLast(run: CommandRun): Promise<SystemResult> {
  const stored = await targetSystem(run);
  const point = stored.points.findLast(({ auto }) => auto === undefined);
  return revertTo(run, stored, point ?? (await targetPoint(run, stored)), 'virtRewind.revert');
}

/** Brings back what the last revert of the system left. */
export async function undoSystemRevert(run: CommandRun): Promise<SystemResult> {
  const stored = await targetSystem(run);
  const point = stored.points.findLast(({ auto }) => auto === 'revert');
  if (point === undefined) {
    const name = displayLine(stored.system.name);
    throw new NothingThere(t('The system {0} has no revert to undo.', name));
  }
  return revertTo(run, stored, point, 'virtRewind.undo');
}

export async function deletePoint(run: CommandRun): Promise<SystemResult> {
  const stored = await targetSystem(run);
  const point = await targetPoint(run, stored);
  const at = stored.points.indexOf(point);
  const near = stored.points[at + 1] ?? stored.points[at - 1];
  const follow = run.tree.focus.followSystem(stored.system.id, rowOfCall(run));
  const result = await carryOutSystem(run, stored, 'virtRewind.deleteSnapshot', (systems) =>
    systems.planDelete(stored, point),
  );
  follow((result.point ?? near)?.id);
  return result;
}

async function revertTo(
  run: CommandRun,
  stored: StoredSystem,
  point: SystemPoint,
  id: CommandId,
): Promise<SystemResult> {
  return carryOutSystem(run, stored, id, (systems) => systems.planRevert(stored, point));
}

/** Changes nothing. */
async function decideHere(run: CommandRun, decide: (systems: Systems) => Promise<SystemPlan>): Promise<SystemPlan> {
  const systems = await run.systems.open();
  try {
    return await showInView(treeViewId, () => decide(systems));
  } catch (error) {
    throw withOutcomes(run, error);
  }
}

/** @param id of the command, which says so when the offer to undo fails */
export async function carryOutSystem(
  run: CommandRun,
  { system }: Pick<StoredSystem, 'system'>,
  id: CommandId,
  decide: (systems: Systems) => Promise<SystemPlan>,
): Promise<SystemResult> {
  const systems = await run.systems.open();
  const name = displayLine(system.name);
  try {
    const plan = await decideHere(run, decide);
    await agreeToSystem(run, plan, asks(plan) ? systemQuestion(plan, Date.now(), cancelSeconds()) : undefined);
    if (plan.kind === 'delete' && mustConfirm(run)) {
      await undoMomentOf(system.name, [plan.point.title]);
    }
    const title = isUndo(plan) ? t('Undoing the last revert of {0}', name) : t('Virt Rewind: {0}', name);
    const result = await atWork(run, title, plan, systems);
    const wrong = run.call.kind === 'program' ? notAllUp(plan, result) : undefined;
    if (wrong !== undefined) {
      const { kind, details } = wrong.failure;
      // Told also where it was cancelled: VMs stand still.
      throw new CommandError(kind, wrong.message, { ...details, byUs: false }, { cause: wrong.failure });
    }
    tell(run, plan, result, id);
    return result;
  } catch (error) {
    throw withOutcomes(run, error);
  } finally {
    // Also where it failed: what is left of it is shown.
    await run.systems.known.read();
  }
}

/**
 * A checkpoint loses nothing, as a rule: it asks where a guest that runs is kept otherwise than the others, unless
 * nobody asked for it.
 */
function asks({ kind, point, members }: SystemPlan): boolean {
  const isOdd = point.auto !== 'work' && withoutRam(members).length > 0;
  return kind !== 'checkpoint' || isOdd || members.some(({ plan }) => plan.losses.length > 0);
}

/** @param question where one is asked unless the caller does without @throws Dismissed */
export async function agreeToSystem(
  run: CommandRun,
  { system, members }: Pick<SystemPowerPlan, 'system' | 'members'>,
  question: QuestionText | undefined,
): Promise<void> {
  if (mustConfirm(run) && question !== undefined) {
    await askQuestion(question);
  }
  const { guarded } = groupQuestion(sessionOf(run), members);
  if (guarded.length > 0) {
    await typeNameOfSystem(system.name, [...new Set(guarded.map(({ vm }) => vm.name))]);
  }
}

/** Under the eyes of the user: who is not done yet. Cancelled, all go back to where they were. */
function atWork(run: CommandRun, title: string, plan: SystemPlan, systems: Systems): Thenable<SystemResult> {
  const share = 100 / Math.max(1, plan.members.length);
  return followSystem(run, title, plan, ({ signal, progress, report, waitFor }) =>
    showInView(treeViewId, () =>
      systems.run(plan, {
        signal,
        onWait: waitFor,
        ...progress.whenever((text, change) => report(text, change === 'done' ? share : undefined)),
      }),
    ),
  );
}

export interface FollowedSystem {
  /** Aborted when somebody cancels it. */
  readonly signal: AbortSignal;
  readonly cancellation: vscode.CancellationToken;
  readonly progress: SystemProgress;
  readonly report: (text: string, increment?: number) => void;
  readonly waitFor: (other: OperationRequest) => void;
}

/** Shows how far it is in a notification, and keeps it among the operations of this window, until it has ended. */
export function followSystem<T>(
  run: CommandRun,
  title: string,
  plan: SystemPlan | SystemPowerPlan,
  work: (followed: FollowedSystem) => Thenable<T>,
): Thenable<T> {
  return notifyProgress(title, true, async (say, token) => {
    const source = new vscode.CancellationTokenSource();
    const controller = new AbortController();
    const cancel = (): void => {
      controller.abort();
      source.cancel();
    };
    token.onCancellationRequested(cancel);
    const entry = run.running.add({ title, requests: plan.members.map(({ plan: own }) => own.request), cancel });
    const progress = new SystemProgress(plan);
    const report = (text: string, increment?: number): void => {
      entry.say(text);
      say(text, increment);
    };
    const waitFor = (other: OperationRequest): void => {
      entry.waitFor(other);
      say(t('waiting for: {0}', requestWords(run.engine, other)));
    };
    report(progress.text);
    try {
      return await work({ signal: controller.signal, cancellation: source.token, progress, report, waitFor });
    } finally {
      entry.dispose();
      source.dispose();
    }
  });
}

function tell(run: CommandRun, plan: SystemPlan, result: SystemResult, id: CommandId): void {
  const late = lateOf(result);
  const message = [systemDoneText(plan, result), ...outcomeLines(late, plan.kind)].join(' ');
  run.log.info(message);
  const undo = isUndo(plan) ? t('Redo') : t('Undo Revert');
  const offer = plan.kind === 'revert' ? undo : plan.kind === 'checkpoint' ? t('Revert…') : undefined;
  if (plan.kind !== 'revert' && late.length === 0) {
    noteInStatusBar(message);
    return;
  }
  void notify(late.length === 0 ? 'info' : 'warning', message, ...(offer === undefined ? [] : [offer]))
    .then((button) =>
      button === undefined
        ? undefined
        : vscode.commands.executeCommand(plan.kind === 'revert' ? 'virtRewind.undo' : 'virtRewind.revert', {
            system: plan.system.id,
          }),
    )
    .then(undefined, (reason: unknown) => showFailure(run.log, id, reason));
}

/** What the last revert left comes back; what it leaves itself does that revert again. */
function isUndo({ kind, point }: SystemPlan): boolean {
  return kind === 'revert' && point.auto === 'revert';
}

/** What became of each member is told with why it failed. */
function withOutcomes(run: CommandRun, error: unknown): unknown {
  if (!(error instanceof Error) || !('members' in error) || !Array.isArray(error.members)) {
    return error;
  }
  const failure = asFailure(error);
  const members = error.members as Parameters<typeof outcomeLines>[0];
  const lines = outcomeLines(members.map(({ failure: _, ...member }) => member));
  run.log.warn(outcomeLines(members).join('\n'));
  return new CommandError(failure.kind, [failureMessage(failure), ...lines].join(' '), failure.details, {
    cause: failure,
  });
}
