// Reverts a VM: the question with its choices, the revert, and the offer to undo it.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { AfterRevert, OperationRequest, OperationResult } from '../../../domain/operation.js';
import type { Refusal } from '../../../domain/refusal.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import type { DecidedRequests } from '../../../engine/enginePort.js';
import type { VmView } from '../../../live/views.js';
import type { CommandId } from '../../../verbs/verbs.js';
import type { Plan } from '../../../operations/plan.js';
import { afterChoices, preferredAfter } from '../../../operations/revert/afterChoices.js';
import { type EndState, endOf } from '../../../operations/revert/endState.js';
import { refusedFailure } from '../../../session/session.js';
import { titleIn } from '../../../text/operations/operationProgress.js';
import { doneText, revertLabel } from '../../../text/operations/operationText.js';
import { type QuestionText, questionOf, wayLine } from '../../../text/questions/questionText.js';
import { refusalText } from '../../../text/refusals/refusalText.js';
import { hasGuestWindow } from '../../guest/guestWindows.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { noteInStatusBar, notify } from '../../prompts/notify.js';
import { pick } from '../../prompts/pickTarget.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';
import { mustConfirm } from '../consent.js';
import { existingVm, operate } from '../operate.js';
import { showFailure } from '../runCommand.js';
import { sessionOf } from '../sessionOf.js';
import type { Undoing } from './undoing.js';

type RevertRequest = Extract<OperationRequest, { kind: 'revert' }>;

type Checkpoint = 'first' | 'none';

interface RevertQuestion {
  readonly view: VmView;
  readonly snapshot: Snapshot;
  /** What would be done without a question. */
  readonly asked: RevertRequest;
  /** Title of the snapshot that the revert went to which this one undoes. */
  readonly undoes?: string;
  /** Whether the checkpoint may be turned off and on, or was given. */
  readonly choices: 'both' | 'one';
}

/** What a revert is for. */
interface RevertCaller {
  /** The command that reports a failure of the offer to undo. */
  readonly id: CommandId;
  /** Title of the snapshot that the revert went to which this one undoes. */
  readonly title?: string;
  /** What it undoes. */
  readonly undoing?: Undoing;
  /** The state of the VM afterwards, unless one is given. */
  readonly after?: AfterRevert;
}

/** One way to do it: a state afterwards, with a checkpoint or without one. */
interface RevertWay {
  readonly plan: Plan;
  readonly end: EndState;
  readonly keeps: Checkpoint;
}

export async function revertTo(
  run: CommandRun,
  view: VmView,
  snapshot: Snapshot,
  caller: RevertCaller,
): Promise<OperationResult> {
  const given = argumentsOf(run.call);
  const session = sessionOf(run);
  const { settings } = session;
  const preferred = given.after ?? caller.after ?? preferredAfter(settings.revertPowerState, snapshot, view.vm.power);
  const checkpoint = (given.checkpointFirst ?? settings.checkpointFirst) ? 'first' : 'none';
  const requestFor = (after: AfterRevert, wanted: Checkpoint): RevertRequest =>
    session.revertRequest(view, snapshot, { after, checkpointFirst: wanted === 'first' });
  const agreed = run.pictures.agreed.take({ kind: 'revert', vm: view.ref, snapshot: snapshot.name });
  if (agreed !== undefined) {
    return revertNow(run, view, agreed.request, agreed, caller);
  }
  if (!mustConfirm(run)) {
    return revertNow(run, view, requestFor(preferred, checkpoint), undefined, caller);
  }
  const offered = given.after === undefined ? afterChoices(preferred, snapshot, view.vm.power) : [given.after];
  const choices = given.checkpointFirst === undefined ? 'both' : 'one';
  const plan = await ask(
    run,
    {
      view,
      snapshot,
      asked: requestFor(preferred, checkpoint),
      choices,
      ...(caller.title !== undefined && { undoes: caller.title }),
    },
    (wanted) => offered.map((after) => requestFor(after, wanted)),
  );
  return revertNow(run, view, plan.request, plan, caller);
}

/**
 * Asks for the usual way; the others stand in a list, and one that would do or lose something else is asked about in
 * its own words. Where no checkpoint can be taken, the question without one says why; nothing is done without an answer
 * to it.
 */
async function ask(
  run: CommandRun,
  { view, snapshot, asked, choices, undoes }: RevertQuestion,
  requests: (checkpoint: Checkpoint) => readonly RevertRequest[],
): Promise<Plan> {
  const preferred: Checkpoint = asked.checkpointFirst === true ? 'first' : 'none';
  const other = preferred === 'first' ? 'none' : 'first';
  const decided = await run.engine.decide([...requests(preferred), ...(choices === 'both' ? requests(other) : [])]);
  const ways = waysOf(view, snapshot, decided);
  let [way] = ways;
  if (way === undefined) {
    throw refusedFailure(existingVm(run, view.ref), asked, refusalsOf(decided)[0]);
  }
  const target = existingVm(run, view.ref);
  const questionFor = ({ plan, keeps }: RevertWay): QuestionText => {
    const [refusal] = keeps === 'none' && preferred === 'first' ? refusalsOf(decided, 'first') : [];
    const question = questionOf({ plan, target }, Date.now(), {
      ...(undoes !== undefined && { undoes }),
      ...(refusal !== undefined && { notKept: refusalText(refusal).reason }),
    });
    return hasGuestWindow(run.remembered, view.ref.uuid)
      ? { ...question, lines: [...question.lines, guestWindowLine()] }
      : question;
  };
  const otherWays = t('Other…');
  for (;;) {
    const shown = way;
    const question = questionFor(shown);
    // An open picture shows what would become of each layer.
    const leave = run.pictures.find(view.ref)?.preview(shown.plan);
    const button = await askQuestion(question, ways.length > 1 ? otherWays : undefined).finally(leave);
    if (button !== otherWays) {
      return shown.plan;
    }
    way = await pickWay(
      ways.filter((one) => one !== shown),
      preferred,
      { title: question.title, undoes: undoes !== undefined },
      target,
    );
    // It was read just now.
    if (questionFor(way).lines.join() === question.lines.join()) {
      return way.plan;
    }
  }
}

function guestWindowLine(): string {
  return t('A window was opened in this VM. Files that are not saved there may be lost: save them first.');
}

/** @param usual what goes without saying */
function pickWay(
  ways: readonly RevertWay[],
  usual: Checkpoint,
  { title, undoes }: { readonly title: string; readonly undoes: boolean },
  target: VmView,
): Promise<RevertWay> {
  const now = Date.now();
  const lines = ways.map((way) => {
    const label = revertLabel(way.end, undoes);
    return {
      label:
        way.keeps === usual
          ? label
          : way.keeps === 'first'
            ? t('{0}, with Checkpoint', label)
            : t('{0}, without Checkpoint', label),
      detail: wayLine({ plan: way.plan, target }, now),
      value: way,
    };
  });
  return pick(lines, t('Select how to revert'), title);
}

/** In the order that was asked for. Where nothing has to be kept, a checkpoint or none is the same way. */
function waysOf(
  view: VmView,
  snapshot: Snapshot,
  decided: DecidedRequests<readonly RevertRequest[]>,
): readonly RevertWay[] {
  const ways = decided.flatMap(({ request, decision }): readonly RevertWay[] =>
    decision.kind === 'plan'
      ? [{ plan: decision, end: endOf(request.after, snapshot, view.vm.power), keeps: checkpointChoiceOf(request) }]
      : [],
  );
  const spared = ways.filter(({ plan, keeps }) => keeps === 'first' && plan.checkpoint === undefined);
  return ways.filter(({ end, keeps }) => keeps === 'first' || !spared.some((one) => one.end === end));
}

function checkpointChoiceOf({ checkpointFirst }: RevertRequest): Checkpoint {
  return checkpointFirst === true ? 'first' : 'none';
}

function refusalsOf(decided: DecidedRequests<readonly RevertRequest[]>, kept?: Checkpoint): readonly Refusal[] {
  return decided.flatMap(({ request, decision }) =>
    decision.kind === 'refusal' && (kept === undefined || checkpointChoiceOf(request) === kept)
      ? [decision.refusal]
      : [],
  );
}

async function revertNow(
  run: CommandRun,
  view: VmView,
  request: OperationRequest,
  confirmed: Plan | undefined,
  { id, undoing }: RevertCaller,
): Promise<OperationResult> {
  const options = { ...(confirmed !== undefined && { confirmed }) };
  if (undoing !== undefined) {
    return operate(run, request, { ...options, undoing });
  }
  const title = titleIn(existingVm(run, view.ref), request);
  const result = await operate(run, request, { ...options, quiet: 'result' });
  const message = doneText(request, result, view.vm.name, title);
  if (result.checkpoint === undefined) {
    noteInStatusBar(message);
    return result;
  }
  const undo = t('Undo Revert');
  void notify('info', `${message} ${t('The previous state was saved.')}`, undo)
    .then((button) =>
      button === undo
        ? vscode.commands.executeCommand('virtRewind.undo', {
            vm: view.ref.uuid,
            connection: view.ref.connection,
            last: 'revert',
          })
        : undefined,
    )
    .then(undefined, (reason: unknown) => showFailure(run.log, id, reason));
  return result;
}
