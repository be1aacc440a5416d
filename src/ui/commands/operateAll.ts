// One operation on each of several VMs or snapshots: one question for all, one message at the end.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { asFailure } from '../../domain/asFailure.js';
import { vmKey } from '../../live/views.js';
import { Failure } from '../../domain/failure.js';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';
import type { DecidedRequests } from '../../engine/enginePort.js';
import type { Loss } from '../../domain/consequences.js';
import type { Plan } from '../../operations/plan.js';
import { displayLine } from '../../domain/plainText.js';
import { refuse } from '../../domain/refusal.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { isSilent } from '../../text/failures/failureText.js';
import { type LeftOut, type QuestionText, questionOfAll } from '../../text/questions/questionText.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import type { PlannedTarget } from '../../text/questions/lossText.js';
import { askQuestion } from '../prompts/askQuestion.js';
import { isAgreed } from '../prompts/agreedLosses.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { noteInStatusBar, notify, notifyProgress } from '../prompts/notify.js';
import { mustConfirm } from './consent.js';
import { existingVm, operate, planIn, planOrRefuse } from './operate.js';
import { refusedFailure } from '../../session/session.js';
import { requestWords } from '../../text/operations/operationProgress.js';
import { askNameOfProtected } from './consent.js';
import { showFailure } from './runCommand.js';
import { type ItemOutcome, runGrouped } from './runGrouped.js';
import type { Undoing } from './goingBack/undoing.js';

/** Two QEMU processes of one disk are slow enough; more at once only make each slower. */
const vmsAtOnce = 4;
/** What a message has room for. */
const mostReasons = 3;

export interface OperateQuestion {
  /** The title for as many VMs as it works with. */
  readonly title: (count: number, plans: readonly Plan[]) => string;
  readonly confirm: (count: number, plans: readonly Plan[]) => string;
  /** For how long it can be cancelled before it begins. */
  readonly cancelSeconds?: number | undefined;
  /** What is said of what was done; absent: how many. */
  readonly done?: (done: readonly DoneRequest[]) => string;
  /** `always`: it names what cannot be done. `losses`: only where something is lost; all are tried. */
  readonly when: 'always' | 'losses';
  /** VMs for which nothing is requested, and why. */
  readonly leftOut?: readonly LeftOut[];
  /** Asks in a way of its own, and tells whether all was done in another way by that; absent: there is no other. */
  readonly ask?: (question: QuestionText, planned: readonly PlannedTarget[]) => Promise<boolean>;
  /** What comes between a question that was answered and the operations. */
  readonly afterAnswer?: (count: number) => Promise<void>;
  readonly undoing?: (request: OperationRequest) => Undoing | undefined;
  /** Is told which were done, also where others failed. */
  readonly onDone?: (done: readonly DoneRequest[]) => void;
}

/** Another answer to a question, which does something else. */
export interface OtherAnswer {
  /** The label of the button. */
  readonly label: string;
  /** What it means. */
  readonly line: string;
  readonly act: () => Promise<void>;
}

/** The plan that a request is held to. Rejects when it would do or lose more than was agreed to. */
type PlanAgreement = (request: OperationRequest) => Promise<Plan>;

type Outcome = ItemOutcome<OperationRequest, OperationResult>;
export type DoneRequest = Extract<Outcome, { readonly kind: 'done' }>;

/** What is to be done now. */
interface AgreedRequests {
  readonly requests: readonly OperationRequest[];
  /** Absent: nobody was asked. */
  readonly agreement?: PlanAgreement;
  /** What the question named as impossible: it is not tried, and told of at the end. */
  readonly leftOut?: readonly LeftOut[];
  /** The title of its progress. */
  readonly title?: string;
  readonly done?: OperateQuestion['done'];
  /** What each undoes. */
  readonly undoing?: OperateQuestion['undoing'];
}

/**
 * Runs the requests, those on one VM one after another in the order given, and tells at the end what was not done.
 * @param question absent for what destroys nothing
 * @throws CommandError of the first failure's kind, telling how many were done, when any failed
 */
export async function operateAll(
  run: CommandRun,
  requests: readonly OperationRequest[],
  question?: OperateQuestion,
): Promise<readonly OperationResult[]> {
  const agreed = question !== undefined && mustConfirm(run) ? await agree(run, requests, question) : { requests };
  if (agreed === 'doneOtherwise') {
    return [];
  }
  const outcomes = await runAll(run, { ...agreed, undoing: question?.undoing });
  question?.onDone?.(outcomes.filter((outcome) => outcome.kind === 'done'));
  return summarize(run, outcomes, agreed.leftOut, agreed.done);
}

/** The same, once they were agreed to. */
export async function operateAgreed(run: CommandRun, agreed: AgreedRequests): Promise<readonly OperationResult[]> {
  return summarize(run, await runAll(run, agreed), agreed.leftOut, agreed.done);
}

async function runAll(
  run: CommandRun,
  { requests, agreement, undoing, title: given }: AgreedRequests,
): Promise<readonly Outcome[]> {
  const protections = new Map<OperationRequest, 'answered' | undefined>();
  for (const request of requests) {
    protections.set(request, await askNameOfProtected(run, existingVm(run, request.vm), request));
  }
  const [first, ...others] = requests;
  const title =
    given ??
    (first === undefined || others.length > 0
      ? t('Virt Rewind: {0} operations', requests.length)
      : requestWords(run.engine, first));
  return notifyProgress(title, true, (report, cancellation) => {
    let done = 0;
    const tell = (about: string, increment: number): void =>
      report(`${t('{0} of {1}', done, requests.length)} · ${about}`, increment);
    return runGrouped(
      requests,
      ({ vm }) => vmKey(vm),
      vmsAtOnce,
      async (request) => {
        if (cancellation.isCancellationRequested) {
          throw new Failure('cancelled', { doing: 'several operations', byUs: true, request });
        }
        tell(requestWords(run.engine, request), 0);
        const confirmed = await agreement?.(request);
        const undone = undoing?.(request);
        const result = await operate(run, request, {
          quiet: 'all',
          ...(undone !== undefined && { undoing: undone }),
          cancellation,
          protection: protections.get(request),
          ...(confirmed !== undefined && { confirmed }),
        });
        done += 1;
        tell(requestWords(run.engine, request), 100 / requests.length);
        return result;
      },
    );
  });
}

/** @throws Failure of the first one where all are refused */
async function agree(
  run: CommandRun,
  requests: readonly OperationRequest[],
  { title, confirm, cancelSeconds, when, leftOut = [], ask, afterAnswer, done }: OperateQuestion,
): Promise<AgreedRequests | 'doneOtherwise'> {
  const decided = await run.engine.decide(requests);
  const planned = decided.flatMap(({ decision }) => (decision.kind === 'plan' ? [decision] : []));
  const [first] = decided;
  if (when === 'always' && planned.length === 0 && first !== undefined) {
    planIn(run, first);
  }
  const without = when === 'always' ? [...leftOut, ...refusedIn(run, decided)] : leftOut;
  const asked = when === 'always' ? planned : planned.filter(({ losses }) => losses.length > 0);
  if (asked.length > 0) {
    const targets = asked.map((plan) => ({ plan, target: existingVm(run, plan.request.vm) }));
    const words = {
      title: title(asked.length, asked),
      confirm: confirm(asked.length, asked),
      cancelSeconds,
    };
    const question = questionOfAll(words, targets, Date.now(), without);
    if (ask === undefined) {
      await askQuestion(question);
    } else if (await ask(question, targets)) {
      return 'doneOtherwise';
    }
    await afterAnswer?.(targets.length);
  }
  const going = when === 'losses' ? requests : planned.map(({ request }) => request);
  return {
    requests: going,
    agreement: agreementOn(run, requests, planned),
    leftOut: without,
    ...(done !== undefined && { done }),
  };
}

/** Each with its reason. */
export function refusedIn(run: CommandRun, decided: DecidedRequests<readonly OperationRequest[]>): readonly LeftOut[] {
  return decided.flatMap(({ request, decision }) =>
    decision.kind === 'plan'
      ? []
      : [{ vm: existingVm(run, request.vm).vm.name, why: refusalText(decision.refusal).reason }],
  );
}

/**
 * The first request on a VM is held to the very plan that was shown. The steps of a later one rest on what the earlier
 * ones leave, so it is planned anew, and may lose no more than was shown for that VM.
 */
export function agreementOn(
  run: CommandRun,
  requests: readonly OperationRequest[],
  planned: readonly Plan[],
): PlanAgreement {
  const losses = new Map<string, readonly Loss[]>();
  for (const plan of planned) {
    const key = vmKey(plan.request.vm);
    losses.set(key, [...(losses.get(key) ?? []), ...plan.losses]);
  }
  const firsts = new Map<string, OperationRequest>();
  for (const request of requests.toReversed()) {
    firsts.set(vmKey(request.vm), request);
  }
  return async (request) => {
    const key = vmKey(request.vm);
    const shown = planned.find((plan) => plan.request === request);
    if (shown !== undefined && firsts.get(key) === request) {
      return shown;
    }
    const fresh = await planOrRefuse(run, request);
    if (!isAgreed(losses.get(key) ?? [], fresh.losses)) {
      const view = existingVm(run, request.vm);
      throw refusedFailure(view, request, refuse('stalePlan', { vm: view.vm.name }).refusal);
    }
    return fresh;
  };
}

function summarize(
  run: CommandRun,
  outcomes: readonly Outcome[],
  leftOut: readonly LeftOut[] = [],
  doneText?: OperateQuestion['done'],
): OperationResult[] {
  const done = outcomes.filter((outcome) => outcome.kind === 'done');
  const results = done.map(({ value }) => value);
  const failed = outcomes.flatMap(({ item, ...outcome }) =>
    outcome.kind === 'failed' ? [{ item, failure: asFailure(outcome.reason) }] : [],
  );
  const told = failed.filter(({ failure }) => !isSilent(failure));
  const refused = told.filter(({ failure }) => failure.kind === 'refused').length;
  const count = [
    done.length > 0 && doneText !== undefined
      ? doneText(done)
      : t('{0} of {1} done.', results.length, outcomes.length + leftOut.length),
    ...(leftOut.length === 0 ? [] : [t('{0} left out.', leftOut.length)]),
    ...(refused === 0 ? [] : [t('{0} refused.', refused)]),
    ...(refused === told.length ? [] : [t('{0} failed.', told.length - refused)]),
  ].join(' ');
  const first = (told[0] ?? failed[0])?.failure;
  const without = leftOut.map(({ vm, why }) => `${displayLine(vm)}: ${why}`);
  if (first === undefined) {
    if (doneText !== undefined) {
      tellDone(run, doneText(done), leftOutText(run, leftOut));
      return results;
    }
    const reasons = reasonsText(run, without);
    if (without.length > 0) {
      showFailure(run.log, 'virtRewind.showLog', new CommandError('refused', [count, ...reasons].join(' ')), run.title);
    } else {
      noteInStatusBar(count);
    }
    return results;
  }
  if (told.length === 0) {
    noteInStatusBar(t('Cancelled: {0}', count));
    throw first;
  }
  const reasons = told.map(({ item, failure }) => `${requestWords(run.engine, item)}: ${failureMessage(failure)}`);
  const skipped = outcomes.filter(({ kind: status }) => status === 'skipped').length;
  const rest = skipped === 0 ? [] : [t('{0} not tried.', skipped)];
  const message = [count, ...reasonsText(run, [...reasons, ...without]), ...rest].join(' ');
  throw new CommandError(first.kind, message, first.details, { cause: first, isOnly: told.length === 1 });
}

/** What was done, and what was not. @param rest sentences */
export function tellDone(run: CommandRun, done: string, rest: readonly string[]): void {
  // Where a message has no button, the editor shows one line of it alone.
  const button = t('Show Log');
  void notify('info', [done, ...rest].join(' '), ...(rest.length === 0 ? [] : [button]))
    .then((pressed) => (pressed === button ? vscode.commands.executeCommand('virtRewind.showLog') : undefined))
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.showLog', reason));
}

/** What was left out and why, behind what was done. */
export function leftOutText(run: CommandRun, leftOut: readonly LeftOut[]): readonly string[] {
  const reasons = leftOut.map(({ vm, why }) => `${displayLine(vm)}: ${why}`);
  return reasons.length === 0 ? [] : [t('Left out:'), ...reasonsText(run, reasons)];
}

/** The first few; the log has all. */
function reasonsText(run: CommandRun, reasons: readonly string[]): readonly string[] {
  for (const reason of reasons) {
    run.log.error(reason);
  }
  const more = reasons.length - mostReasons;
  return [...reasons.slice(0, mostReasons), ...(more <= 0 ? [] : [t('The log has the reasons of {0} more.', more)])];
}
