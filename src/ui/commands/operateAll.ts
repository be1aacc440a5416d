// One operation on each of several VMs or snapshots: one question for all, one message at the end.
import { t } from '@vscode/l10n';
import { asFailure } from '../../domain/asFailure.js';
import { vmKey } from '../../live/views.js';
import { Failure } from '../../domain/failure.js';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';
import type { Loss } from '../../domain/consequences.js';
import type { Plan } from '../../operations/plan.js';
import { refuse } from '../../domain/refusal.js';
import { failureMessage } from '../../text/failureMessage.js';
import { isSilent } from '../../text/failureText.js';
import { type QuestionText, questionOfAll } from '../../text/questionText.js';
import type { PlannedTarget } from '../../text/shortLosses.js';
import { askQuestion } from '../prompts/askQuestion.js';
import { isAgreed } from '../prompts/agreedLosses.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { noteInStatusBar, notifyProgress } from '../prompts/notify.js';
import { mustConfirm } from './consent.js';
import { existingVm, operate, planIn, planOrRefuse } from './operate.js';
import { refusedFailure } from '../../session/session.js';
import { requestWords } from '../../text/operationProgress.js';
import { askNameOfProtected } from './consent.js';
import { type ItemOutcome, runGrouped } from './runGrouped.js';

/** Two QEMU processes of one disk are slow enough; more at once only make each slower. */
const vmsAtOnce = 4;

export interface OperateQuestion {
  readonly title: string;
  readonly confirm: string;
  /** `always`: as soon as one is refused, none is done. `losses`: only where something is lost; others are tried. */
  readonly when: 'always' | 'losses';
  /** Asks in a way of its own, and tells whether all was done in another way by that; absent: there is no other. */
  readonly ask?: (question: QuestionText, planned: readonly PlannedTarget[]) => Promise<boolean>;
  /** What comes between a question that was answered and the operations. */
  readonly afterAnswer?: () => Promise<void>;
}

/** Another answer to a question, which does something else. */
export interface OtherAnswer {
  /** Of the button. */
  readonly label: string;
  /** What it means. */
  readonly line: string;
  readonly act: () => Promise<void>;
}

/** The plan that a request is held to. Rejects when it would do or lose more than was agreed to. */
type PlanAgreement = (request: OperationRequest) => Promise<Plan>;

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
  const agreement = question !== undefined && mustConfirm(run) ? await agree(run, requests, question) : undefined;
  if (agreement === 'doneOtherwise') {
    return [];
  }
  const protections = new Map<OperationRequest, 'answered' | undefined>();
  for (const request of requests) {
    protections.set(request, await askNameOfProtected(run, existingVm(run, request.vm), request));
  }
  const outcomes = await notifyProgress(requestCount(requests.length), true, (report, cancellation) => {
    let done = 0;
    return runGrouped(
      requests,
      ({ vm }) => vmKey(vm),
      vmsAtOnce,
      async (request) => {
        if (cancellation.isCancellationRequested) {
          throw new Failure('cancelled', { doing: 'several operations', byUs: true, request });
        }
        report(requestWords(run.engine, request), 0);
        const confirmed = await agreement?.(request);
        const result = await operate(run, request, {
          quiet: 'all',
          cancellation,
          protection: protections.get(request),
          ...(confirmed !== undefined && { confirmed }),
        });
        done += 1;
        report(t('{0} of {1}', done, requests.length), 100 / requests.length);
        return result;
      },
    );
  });
  return summarize(run, outcomes);
}

function requestCount(count: number): string {
  return t('Virt Rewind: {0} operations', count);
}

/** @throws Failure of the first one that is refused: half of a selection shall not be done by surprise */
async function agree(
  run: CommandRun,
  requests: readonly OperationRequest[],
  { title, confirm, when, ask, afterAnswer }: OperateQuestion,
): Promise<PlanAgreement | 'doneOtherwise'> {
  const decided = await run.engine.decide(requests);
  const planned = decided.flatMap((one) =>
    when === 'always' || one.decision.kind === 'plan' ? [planIn(run, one)] : [],
  );
  const asked = when === 'always' ? planned : planned.filter(({ losses }) => losses.length > 0);
  if (asked.length > 0) {
    const targets = asked.map((plan) => ({ plan, target: existingVm(run, plan.request.vm) }));
    const question = questionOfAll({ title, confirm }, targets, Date.now());
    if (ask === undefined) {
      await askQuestion(question);
    } else if (await ask(question, targets)) {
      return 'doneOtherwise';
    }
    await afterAnswer?.();
  }
  return agreementOn(run, requests, planned);
}

/**
 * The first request on a VM is held to the very plan that was shown. The steps of a later one rest on what the earlier
 * ones leave, so it is planned anew, and may lose no more than was shown for that VM.
 */
function agreementOn(run: CommandRun, requests: readonly OperationRequest[], planned: readonly Plan[]): PlanAgreement {
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
  outcomes: readonly ItemOutcome<OperationRequest, OperationResult>[],
): OperationResult[] {
  const results = outcomes.flatMap((outcome) => (outcome.kind === 'done' ? [outcome.value] : []));
  const failed = outcomes.flatMap(({ item, ...outcome }) =>
    outcome.kind === 'failed' ? [{ item, failure: asFailure(outcome.reason) }] : [],
  );
  const count = t('{0} of {1} done.', results.length, outcomes.length);
  const told = failed.filter(({ failure }) => !isSilent(failure));
  const first = (told[0] ?? failed[0])?.failure;
  if (first === undefined) {
    noteInStatusBar(count);
    return results;
  }
  if (told.length === 0) {
    noteInStatusBar(t('Cancelled: {0}', count));
    throw first;
  }
  const reasons = told.map(({ item, failure }) => `${requestWords(run.engine, item)}: ${failureMessage(failure)}`);
  for (const reason of reasons) {
    run.log.error(reason);
  }
  const shown = reasons.slice(0, 3).join(' ');
  const more = reasons.length <= 3 ? '' : ` ${t('{0} more failed. The log has the reasons.', reasons.length - 3)}`;
  const skipped = outcomes.filter(({ kind: status }) => status === 'skipped').length;
  const rest = skipped === 0 ? '' : ` ${t('{0} were not tried.', skipped)}`;
  throw new CommandError(first.kind, `${count} ${shown}${more}${rest}`, first.details, {
    cause: first,
    isOnly: told.length === 1,
  });
}
