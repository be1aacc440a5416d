// Plans an operation, asks where something would be lost, and carries it out under the eyes of the user.
import type * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { asFailure, withDetails } from '../../domain/asFailure.js';
import type { DecidedRequests } from '../../engine/enginePort.js';
import type { VmView } from '../../live/views.js';
import { treeViewId } from '../../manifest/viewIds.js';
import { Failure } from '../../domain/failure.js';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import type { Plan } from '../../operations/plan.js';
import type { Refusal } from '../../domain/refusal.js';
import type { VmRef } from '../../domain/vm.js';
import { titleIn } from '../../text/operationProgress.js';
import { questionOf } from '../../text/questionText.js';
import { askQuestion } from '../prompts/askQuestion.js';
import type { CommandRun } from './commandServices.js';
import { refuseSilent } from './unreachableConnection.js';
import { CancelWish } from '../../engine/cancelWish.js';
import { mustConfirm } from './consent.js';
import { noteInStatusBar, notify, showInView } from '../prompts/notify.js';
import { OperationNotice } from './operationNotice.js';
import { doneText } from '../../text/operationText.js';
import { askNameOfProtected } from './consent.js';

export interface OperateOptions {
  /** What the user agreed to; the operation is refused when it would do anything else by now. */
  readonly confirmed?: Plan;
  /** What is not shown because somebody else shows it: how it ended, or that and how far it is. */
  readonly quiet?: 'result' | 'all';
  /** Of what it is part of. */
  readonly cancellation?: vscode.CancellationToken;
  /** The name of a protected VM was typed already. */
  readonly protection?: 'answered';
  /** The id of the operation in the log that it undoes. */
  readonly undoes?: string;
  /** Nobody asked for it: Undo means what was done before it. */
  readonly unasked?: true;
}

/** Resolves when the end has been seen. */
export async function operate(
  run: CommandRun,
  request: OperationRequest,
  { confirmed, quiet, cancellation, protection, undoes, unasked }: OperateOptions = {},
): Promise<OperationResult> {
  const view = existingVm(run, request.vm);
  refuseSilent(run.engine, request.vm);
  if (protection === undefined) {
    await askNameOfProtected(run, view, request, confirmed);
  }
  const title = titleIn(view, request);
  const result = await run.running.track(request, async (controller) => {
    const cancel = new CancelWish(run.engine, request, controller);
    if (cancellation?.isCancellationRequested === true) {
      cancel.wish();
    }
    const listening = cancellation?.onCancellationRequested(() => cancel.wish());
    const notice = quiet === 'all' ? undefined : new OperationNotice(run.engine, request, cancel);
    try {
      return await showInView(treeViewId, () =>
        run.engine.runOperation(request, {
          signal: controller.signal,
          ...(notice !== undefined && { onWait: (other) => notice.waitFor(other) }),
          ...(confirmed !== undefined && { confirmed }),
          ...(undoes !== undefined && { undoes }),
          ...(unasked !== undefined && { unasked }),
        }),
      );
    } catch (error) {
      throw withDetails(asFailure(error), { request });
    } finally {
      notice?.dispose();
      listening?.dispose();
      cancel.dispose();
    }
  });
  if (quiet === undefined) {
    noteInStatusBar(doneText(request, result, view.vm.name, title));
  }
  if (result.left !== undefined) {
    // Nothing waits for it, and nobody who showed the result knows of it.
    const files = result.left.map((file) => displayLine(file)).join(', ');
    void notify('warning', t('Done, but these files could not be deleted and use space: {0}', files));
  }
  return result;
}

/** @throws Failure `refused` when it cannot be done here */
export async function planOrRefuse(run: CommandRun, request: OperationRequest): Promise<Plan> {
  refuseSilent(run.engine, request.vm);
  return planIn(run, { request, decision: await run.engine.plan(request) });
}

/** @throws Failure `refused` when it cannot be done here */
export function planIn(
  run: CommandRun,
  { request, decision }: DecidedRequests<readonly OperationRequest[]>[number],
): Plan {
  if (decision.kind === 'refusal') {
    throw refusedFailure(run, request, [decision.refusal]);
  }
  return decision;
}

/** @param refusals of the ways in which it could be done; the first is told */
export function refusedFailure(run: CommandRun, request: OperationRequest, refusals: readonly Refusal[]): Failure {
  const view = run.engine.findVm(request.vm);
  const [refusal] = refusals;
  return new Failure('refused', {
    connection: request.vm.connection,
    ...(refusal !== undefined && { refusal }),
    ...(view !== undefined && { vm: view.vm.name }),
    ...('snapshot' in request && { snapshot: request.snapshot }),
  });
}

/** @throws Failure `notFound` when it vanished */
export function existingVm({ engine }: Pick<CommandRun, 'engine'>, vm: VmRef): VmView {
  const view = engine.findVm(vm);
  if (view === undefined) {
    throw new Failure('notFound', { vm: vm.uuid, connection: vm.connection });
  }
  return view;
}

/**
 * An operation on one VM that may destroy something: the plan, the question unless it may be left out, the operation.
 * @param when `losses`: asks only where something is lost
 * @param afterAnswer what comes between a question that was answered and the operation
 */
export async function operateConfirmed(
  run: CommandRun,
  request: OperationRequest,
  when: 'always' | 'losses' = 'always',
  afterAnswer: () => Promise<void> = () => Promise.resolve(),
): Promise<OperationResult> {
  if (!mustConfirm(run)) {
    return operate(run, request);
  }
  const plan = await planOrRefuse(run, request);
  if (when === 'losses' && plan.losses.length === 0) {
    return operate(run, request, { confirmed: plan });
  }
  const view = existingVm(run, request.vm);
  await askQuestion(questionOf({ plan, target: view }, Date.now()));
  await askNameOfProtected(run, view, request, plan);
  await afterAnswer();
  return operate(run, request, { confirmed: plan, protection: 'answered' });
}
