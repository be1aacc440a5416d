// What is done with all VMs of a system as one: planned for each, agreed to once, carried out for all or for none.
import { checkpointTitle } from '../../../domain/titleSuggestion.js';
import {
  carryOutSystem as carryOutAgreed,
  type FollowWish,
  planSystem,
  type SystemWish,
} from '../../../session/carryOutSystem.js';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { asFailure } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import type { StoredSystem } from '../../../domain/system.js';
import type { CommandId } from '../../../verbs/verbs.js';
import { treeViewId } from '../../../manifest/viewIds.js';
import type { SystemResult } from '../../../systems/groupRun.js';
import { isPowerPlan, type PlannedSystem, type SystemPowerAction } from '../../../systems/systemPower.js';
import type { VmView } from '../../../live/views.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { requestWords } from '../../../text/operations/operationProgress.js';
import type { QuestionText } from '../../../text/questions/questionText.js';
import {
  lateOf,
  notAllUp,
  outcomeLines,
  systemDoneText,
  systemQuestion,
  withoutRam,
} from '../../../text/systems/systemText.js';
import { SystemProgress } from '../../../text/systems/systemProgress.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { askTextOr } from '../../prompts/ask.js';
import { dateButton } from '../../prompts/askTitle.js';
import { askUntil } from '../../prompts/askUntil.js';
import { requireAnswer, CommandError } from '../../prompts/commandError.js';
import { noteInStatusBar, notify, notifyProgress, showInView } from '../../prompts/notify.js';
import { tickStep } from '../../contextKeys.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';
import { mustConfirm, typeNameOfSystem } from '../consent.js';
import { seamlessWish } from '../../readSettings.js';
import { givenUntil, startDatesTimer } from '../snapshots/untilCommands.js';
import { gitReference } from '../snapshots/gitReference.js';
import { tellOfMark } from '../snapshots/markNotice.js';
import { revertByList } from '../goingBack/revertByList.js';
import { dissolve } from './systemCommands.js';
import { followHere } from '../operate.js';
import { showFailure } from '../runCommand.js';
import { targetPoint, targetSystem } from './systemTargets.js';
import { rowOfCall, sayTarget } from '../targets.js';
import { cancelSeconds, undoMomentOf } from '../cancelMoment.js';
import { sessionOf } from '../sessionOf.js';
import { refuseSilent } from '../unreachableConnection.js';

/** A restore point of all VMs of a system, at one moment: what its members on connections that are away say is told. */
export async function checkpoint(run: CommandRun, title: 'asked' | 'suggested'): Promise<SystemResult> {
  const stored = await targetSystem(run);
  if (title === 'suggested') {
    sayTarget(run, stored.system.name);
  }
  const given = argumentsOf(run.call);
  const suggestion = checkpointTitle(stored.points, new Date());
  if (given.title === undefined && title === 'asked') {
    // What no title could change is refused before it is asked.
    await decideHere(run, () => planSystem(sessionOf(run), stored, { kind: 'checkpoint', title: suggestion }));
  }
  const dated = givenUntil(run);
  const asked: { readonly title: string; readonly until?: number } =
    given.title === undefined && title === 'asked'
      ? await askTitle(stored, suggestion, dated === undefined)
      : { title: given.title ?? suggestion };
  const { title: wanted, until = dated } = asked;
  const { description } = given;
  const git = gitReference();
  const wish = {
    kind: 'checkpoint',
    title: wanted,
    ...(description !== undefined && { description }),
    ...(until !== undefined && { until }),
    ...(git !== undefined && { git }),
  } as const;
  const there = stored.system.members.flatMap((member) => run.engine.findVm(member)?.ref ?? []);
  const creates = there.map(
    (vm) => ({ kind: 'create', vm, snapshotKind: 'auto', title: wanted, ...seamlessWish() }) as const,
  );
  await tellOfMark(run, creates);
  const follow = run.tree.focus.followSystem(stored.system.id, rowOfCall(run));
  const result = await carryOutWish(run, stored, wish, 'virtRewind.createSnapshot');
  follow(result.point?.id);
  await (until === undefined ? undefined : startDatesTimer(run));
  return result;
}

async function askTitle(
  { system, points }: StoredSystem,
  suggestion: string,
  hasDate: boolean,
): Promise<{ readonly title: string; readonly until?: number }> {
  const question = {
    title: t('Title of the Restore Point of {0}', system.name),
    prompt: t('The snapshots of all its VMs get this title.'),
    value: suggestion,
    problem: (text: string) => {
      if (text.trim() === '') {
        return t('A snapshot needs a title.');
      }
      return points.some((one) => one.title === text.trim()) ? t('The name is already used.') : undefined;
    },
  };
  const { text, pressed } = requireAnswer(await askTextOr(question, ...(hasDate ? [dateButton()] : [])));
  return { title: text.trim(), ...(pressed !== undefined && { until: await askUntil(question.title) }) };
}

export async function revertSystem(run: CommandRun): Promise<unknown> {
  const { target } = argumentsOf(run.call);
  if (target !== undefined) {
    return target === 'branch' ? revertByList(run, target) : revertLastPoint(run);
  }
  const stored = await targetSystem(run);
  const point = await targetPoint(run, stored);
  return carryOutWish(run, stored, { kind: 'revert', point }, 'virtRewind.revert');
}

/** To the newest restore point that somebody made. */
export async function revertLastPoint(run: CommandRun): Promise<SystemResult> {
  const stored = await targetSystem(run);
  const last = stored.points.findLast(({ auto }) => auto === undefined);
  const point = last ?? (await targetPoint(run, stored));
  return carryOutWish(run, stored, { kind: 'revert', point }, 'virtRewind.revert');
}

/** Brings back what the last revert of the system left. */
export async function undoSystemRevert(run: CommandRun): Promise<SystemResult> {
  return carryOutWish(run, await targetSystem(run), { kind: 'undo' }, 'virtRewind.undo');
}

/**
 * Starts all VMs of a system in their order, each when those before it are up; or shuts them down, last the ones that
 * others come after.
 */
export async function powerSystem(run: CommandRun, kind: SystemPowerAction): Promise<SystemResult> {
  const id = kind === 'start' ? 'virtRewind.start' : 'virtRewind.shutDown';
  return carryOutWish(run, await targetSystem(run), { kind }, id);
}

/** Its restore point; on the row of the system itself, the grouping. */
export async function deleteOfSystem(run: CommandRun): Promise<unknown> {
  return run.call.kind === 'rows' && run.call.rows[0].kind === 'system' ? dissolve(run) : deletePoint(run);
}

async function deletePoint(run: CommandRun): Promise<SystemResult> {
  const stored = await targetSystem(run);
  const point = await targetPoint(run, stored);
  const at = stored.points.indexOf(point);
  const near = stored.points[at + 1] ?? stored.points[at - 1];
  const follow = run.tree.focus.followSystem(stored.system.id, rowOfCall(run));
  const result = await carryOutWish(run, stored, { kind: 'delete', point }, 'virtRewind.deleteSnapshot');
  follow((result.point ?? near)?.id);
  return result;
}

function carryOutWish(run: CommandRun, stored: StoredSystem, wish: SystemWish, id: CommandId): Promise<SystemResult> {
  return carryOutSystem(run, stored, id, () => planSystem(sessionOf(run), stored, wish));
}

/** Changes nothing. */
async function decideHere<P>(run: CommandRun, decide: () => Promise<P>): Promise<P> {
  try {
    return await showInView(treeViewId, decide);
  } catch (error) {
    throw withOutcomes(run, error);
  }
}

/** @param id of the command, which says so when the offer to undo fails */
export async function carryOutSystem(
  run: CommandRun,
  { system }: Pick<StoredSystem, 'system'>,
  id: CommandId,
  decide: () => Promise<PlannedSystem>,
): Promise<SystemResult> {
  try {
    const { plan, result } = await carryOutAgreed(sessionOf(run), () => decideHere(run, decide), {
      agree: async ({ plan: planned, guarded }) => {
        await agreeToSystem(run, system.name, guarded, asks(planned) ? questionOf(planned) : undefined);
        if (planned.kind === 'delete' && mustConfirm(run)) {
          await undoMomentOf(system.name, [planned.point.title]);
        }
      },
      follow: (planned, work) => followSystem(run, planned, work),
      ofMember: {
        agree: ({ view }) => refuseSilent(run.engine, view.ref),
        follow: (running) => followHere(run, running, false),
      },
    });
    const wrong = isPowerPlan(plan) || run.call.kind === 'program' ? notAllUp(plan, result) : undefined;
    if (wrong !== undefined) {
      throw notUpError(plan, result, wrong);
    }
    tickStep(plan.kind);
    tell(run, plan, result, id);
    return result;
  } catch (error) {
    throw withOutcomes(run, error);
  } finally {
    // Also where it failed: what is left of it, and what had broken off before, is shown.
    await run.systems.known.read();
  }
}

function questionOf(plan: PlannedSystem): QuestionText {
  return systemQuestion(plan, Date.now(), cancelSeconds());
}

/** Told also where it was cancelled: VMs stand still after a revert. */
function notUpError(
  plan: PlannedSystem,
  { members }: SystemResult,
  { failure, message }: NonNullable<ReturnType<typeof notAllUp>>,
): CommandError {
  const { kind, details } = failure;
  const isOnly = members.filter((member) => member.failure !== undefined).length === 1;
  return isPowerPlan(plan)
    ? new CommandError(kind, message, details, { cause: failure, isOnly })
    : new CommandError(kind, message, { ...details, byUs: false }, { cause: failure });
}

/**
 * A checkpoint loses nothing, as a rule: it asks where a guest that runs is kept otherwise than the others, unless
 * nobody asked for it.
 */
function asks(plan: PlannedSystem): boolean {
  if (plan.kind === 'revert' || plan.kind === 'delete') {
    return true;
  }
  const isOdd = plan.kind === 'checkpoint' && plan.point.auto !== 'work' && withoutRam(plan.members).length > 0;
  return isOdd || plan.members.some(({ plan: { losses } }) => losses.length > 0);
}

/** @param question where one is asked unless the caller does without @throws Dismissed */
export async function agreeToSystem(
  run: CommandRun,
  system: string,
  guarded: readonly VmView[],
  question: QuestionText | undefined,
): Promise<void> {
  if (mustConfirm(run) && question !== undefined) {
    await askQuestion(question);
  }
  if (guarded.length > 0) {
    await typeNameOfSystem(system, [...new Set(guarded.map(({ vm }) => vm.name))]);
  }
}

/**
 * Shows how far it is in a notification, and keeps it among the operations of this window, until it has ended.
 * Cancelled, all go back to where they were; of those that are started or shut down, the ones whose turn has not come
 * stay as they are.
 */
function followSystem<T>(run: CommandRun, plan: PlannedSystem, work: (wish: FollowWish) => Promise<T>): PromiseLike<T> {
  const name = displayLine(plan.system.name);
  const title = isUndo(plan) ? t('Undoing the last revert of {0}', name) : t('Virt Rewind: {0}', name);
  return notifyProgress(title, true, async (say, token) => {
    const controller = new AbortController();
    const cancel = (): void => controller.abort();
    token.onCancellationRequested(cancel);
    const entry = run.running.add({ title, requests: plan.members.map(({ plan: own }) => own.request), cancel });
    const progress = new SystemProgress(plan);
    const report = (text: string, increment?: number): void => {
      entry.say(text);
      say(text, increment);
    };
    report(progress.text);
    const [counts, parts] = isPowerPlan(plan) ? ['up', plan.system.members] : ['done', plan.members];
    const wish: FollowWish = {
      signal: controller.signal,
      onWait: (other) => {
        entry.waitFor(other);
        say(t('waiting for: {0}', requestWords(run.engine, other)));
      },
      ...progress.whenever((text, change) =>
        report(text, change === counts ? 100 / Math.max(1, parts.length) : undefined),
      ),
    };
    try {
      return await (isPowerPlan(plan) ? work(wish) : showInView(treeViewId, () => work(wish)));
    } finally {
      entry.dispose();
    }
  });
}

function tell(run: CommandRun, plan: PlannedSystem, result: SystemResult, id: CommandId): void {
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
function isUndo(plan: PlannedSystem): boolean {
  return plan.kind === 'revert' && plan.point.auto === 'revert';
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
