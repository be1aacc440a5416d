// One operation on each of several VMs or snapshots: one question for all, one message at the end.
import * as vscode from 'vscode';
import { asFailure } from '../inventory/asFailure.js';
import { vmKey } from '../inventory/views.js';
import { Failure } from '../model/failure.js';
import type { OperationRequest, OperationResult } from '../model/operation.js';
import type { Plan } from '../model/plan.js';
import { failureText } from '../views/failureText.js';
import { planText } from '../views/planText.js';
import { CommandError } from './commandError.js';
import type { CommandRun } from './commandServices.js';
import { confirmModal, existingVm, mustConfirm, operate, planOrRefuse } from './operate.js';
import { noteInStatusBar, notifyProgress } from './notify.js';
import { requestWords } from './operationNotice.js';
import { type Outcome, runGrouped } from './runGrouped.js';

const t = vscode.l10n.t;

/** Two QEMU processes of one disk are slow enough; more at once only make each slower. */
const vmsAtOnce = 4;
/** A dialog has room for so many lines. */
const linesShown = 12;

interface Planned {
  readonly request: OperationRequest;
  readonly plan?: Plan;
}

/**
 * Runs the requests, those on one VM one after another in the order given, and tells at the end what was not done.
 * @param question with the number of requests for `{0}`; absent for what destroys nothing
 * @throws CommandError of the first failure's kind, telling how many were done, when any failed
 */
export async function operateAll(
  run: CommandRun,
  requests: readonly OperationRequest[],
  question?: { readonly title: string; readonly confirm: string },
): Promise<readonly OperationResult[]> {
  const planned =
    question !== undefined && mustConfirm(run)
      ? await confirmAll(run, requests, question)
      : requests.map((request) => ({ request }));
  const outcomes = await notifyProgress(requestCount(requests.length), true, (report, cancellation) => {
    let done = 0;
    return runGrouped(
      planned,
      ({ request }) => vmKey(request.vm),
      vmsAtOnce,
      async ({ request, plan }: Planned) => {
        if (cancellation.isCancellationRequested) {
          throw new Failure('cancelled', { doing: 'several operations' });
        }
        report(requestWords(run.inventory, request), 0);
        const result = await operate(run, request, { quiet: 'all', ...(plan !== undefined && { confirmed: plan }) });
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
async function confirmAll(
  run: CommandRun,
  requests: readonly OperationRequest[],
  question: { readonly title: string; readonly confirm: string },
): Promise<readonly Planned[]> {
  const planned = await Promise.all(
    requests.map(async (request) => ({ request, plan: await planOrRefuse(run, request) })),
  );
  const now = Date.now() / 1_000;
  const lines = planned.flatMap(({ request, plan }) => {
    const { detail } = planText(plan, existingVm(run, request.vm), now, t);
    const details = detail.split('\n').filter((line) => line !== '');
    return [requestWords(run.inventory, request), ...details.map((line) => `    ${line}`)];
  });
  const shown = lines.slice(0, linesShown);
  const more = lines.length > shown.length ? [t('… and {0} more lines', lines.length - shown.length)] : [];
  await confirmModal(question.title, [...shown, ...more].join('\n'), [question.confirm]);
  // The steps of a later one on the same VM rest on what the earlier one leaves, so only the first is held to its plan.
  const seen = new Set<string>();
  return planned.map(({ request, plan }) => {
    const first = !seen.has(vmKey(request.vm));
    seen.add(vmKey(request.vm));
    return first ? { request, plan } : { request };
  });
}

function summarize(run: CommandRun, outcomes: readonly Outcome<Planned, OperationResult>[]): OperationResult[] {
  const results = outcomes.flatMap((outcome) => (outcome.status === 'done' ? [outcome.value] : []));
  const failed = outcomes.flatMap((outcome) => (outcome.status === 'failed' ? [outcome] : []));
  const first = failed.find(({ reason }) => asFailure(reason).kind !== 'cancelled') ?? failed[0];
  if (first === undefined) {
    noteInStatusBar(t('{0} of {1} done.', results.length, outcomes.length));
    return results;
  }
  const reasons = failed.map(({ item, reason }) => {
    const text = failureText(asFailure(reason), t);
    return `${requestWords(run.inventory, item.request)}: ${text.sentence}`;
  });
  for (const reason of reasons) {
    run.log.error(reason);
  }
  const shown = reasons.slice(0, 3).join(' ');
  const skipped = outcomes.filter(({ status }) => status === 'skipped').length;
  const rest = skipped === 0 ? '' : ` ${t('{0} were not tried after that.', skipped)}`;
  const message = `${t('{0} of {1} done.', results.length, outcomes.length)} ${shown}${rest}`;
  throw new CommandError(asFailure(first.reason).kind, message, asFailure(first.reason).details, {
    cause: first.reason,
  });
}
