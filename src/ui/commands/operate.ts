// Carries out an operation for the person at this window: a dialog asks, a notification shows how far it is.
import type * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { DisposableStore } from '../../base/disposable.js';
import { Failure } from '../../domain/failure.js';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import type { VmRef } from '../../domain/vm.js';
import type { DecidedRequests } from '../../engine/enginePort.js';
import type { VmView } from '../../live/views.js';
import { treeViewId } from '../../manifest/viewIds.js';
import type { Plan } from '../../operations/plan.js';
import {
  agreedBefore,
  type Asker,
  carryOut,
  type Follower,
  type RunningRequest,
  type WantedOperation,
} from '../../session/carryOut.js';
import { requirePlan } from '../../session/session.js';
import { requestWords, titleIn } from '../../text/operations/operationProgress.js';
import { doneText, revertNotes } from '../../text/operations/operationText.js';
import { type About, questionOf } from '../../text/questions/questionText.js';
import { askQuestion } from '../prompts/askQuestion.js';
import { noteInStatusBar, notify, openProgressInView } from '../prompts/notify.js';
import { tickStep } from '../contextKeys.js';
import { cancelSeconds, waitForCancelMoment } from './cancelMoment.js';
import type { CommandRun } from './commandServices.js';
import { mustConfirm, typeNameOfProtected } from './consent.js';
import { OperationNotice } from './operations/operationNotice.js';
import { sessionOf } from './sessionOf.js';
import { tellUndone, type Undoing } from './goingBack/undoing.js';
import { refuseSilent } from './unreachableConnection.js';

interface Presentation {
  /** What is not shown because somebody else shows it: how it ended, or that and how far it is. */
  readonly quiet?: 'result' | 'all';
  /** The cancellation of the operation that this is a part of. */
  readonly cancellation?: vscode.CancellationToken;
  /** What it undoes, or does again. */
  readonly undoing?: Undoing;
}

export interface OperateOptions extends Presentation, Pick<WantedOperation, 'unasked'> {
  /** What the user agreed to; the operation is refused when it would do anything else by now. */
  readonly confirmed?: Plan;
  /** The name of a protected VM was typed already. */
  readonly protection?: 'answered' | undefined;
}

/** Asks for nothing but the name of a protected VM. Resolves when the end has been seen. */
export function operate(
  run: CommandRun,
  request: OperationRequest,
  { confirmed, protection, unasked, ...presentation }: OperateOptions = {},
): Promise<OperationResult> {
  const wanted = {
    request,
    agreed: confirmed ?? ('anything' as const),
    ...(unasked !== undefined && { unasked }),
  };
  const asker = protection === 'answered' ? agreedBefore : dialog(run, {}, confirmed === undefined ? 'none' : 'waits');
  return carryOutHere(run, wanted, asker, presentation);
}

/**
 * An operation on one VM that may destroy something: the plan, the question unless it may be left out, the operation.
 * @param when `losses`: asks only where it must be asked
 */
export function operateConfirmed(
  run: CommandRun,
  request: OperationRequest,
  when: 'always' | 'losses' = 'always',
  { about = {}, ...presentation }: Pick<Presentation, 'undoing'> & { readonly about?: About } = {},
): Promise<OperationResult> {
  if (!mustConfirm(run)) {
    return operate(run, request, presentation);
  }
  return carryOutHere(
    run,
    { request, ...(when === 'always' && { asks: when }) },
    dialog(run, about, 'waits'),
    presentation,
  );
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
  return requirePlan(existingVm(run, request.vm), request, decision);
}

/** @throws Failure `notFound` when it vanished */
export function existingVm({ engine }: Pick<CommandRun, 'engine'>, vm: VmRef): VmView {
  const view = engine.findVm(vm);
  if (view === undefined) {
    throw new Failure('notFound', { vm: vm.uuid, connection: vm.connection });
  }
  return view;
}

async function carryOutHere(
  run: CommandRun,
  wanted: Omit<WantedOperation, 'view' | 'undoes' | 'does'>,
  asker: Asker,
  { quiet, cancellation, undoing }: Presentation,
): Promise<OperationResult> {
  const { request } = wanted;
  refuseSilent(run.engine, request.vm);
  const from = existingVm(run, request.vm).vm.power;
  const wish = new AbortController();
  const listening = cancellation?.onCancellationRequested(() => wish.abort());
  if (cancellation?.isCancellationRequested === true) {
    wish.abort();
  }
  try {
    const { view, result, plan } = await carryOut(
      sessionOf(run),
      {
        view: existingVm(run, request.vm),
        ...wanted,
        ...(undoing?.entry !== undefined && { undoes: undoing.entry }),
        ...(undoing !== undefined && { does: undoing.does }),
      },
      { ...asker, follow: (running) => followHere(run, running, quiet !== 'all', undoing) },
      wish.signal,
    );
    tickStep(request.kind);
    if (quiet === undefined) {
      const done = doneText(plan?.request ?? request, result, view.vm.name, titleIn(view, request), from);
      // Its row is gone: nothing else tells that its files are, too.
      if (request.kind === 'discard') {
        void notify('info', done);
      } else if (undoing === undefined) {
        noteInStatusBar(done);
      } else {
        await tellUndone(run, request.vm, undoing, revertNotes(result));
      }
    }
    if (result.left !== undefined) {
      // Nothing waits for it, and nobody who showed the result knows of it.
      const files = result.left.map((file) => displayLine(file)).join(', ');
      void notify('warning', t('Done, but these files could not be deleted and use space: {0}', files));
    }
    return result;
  } finally {
    listening?.dispose();
  }
}

/** @param moment whether a delete waits a moment, in which it can be taken back */
function dialog(run: CommandRun, about: About, moment: 'waits' | 'none'): Asker {
  return {
    agree: async ({ view, plan, asks, needsName }) => {
      const { kind } = plan.request;
      const waits = moment === 'waits' && mustConfirm(run) && (kind === 'delete' || kind === 'prune');
      if (asks) {
        const seconds = waits ? cancelSeconds() : undefined;
        await askQuestion(questionOf({ plan, target: view }, Date.now(), { ...about, cancelSeconds: seconds }));
      }
      if (needsName) {
        await typeNameOfProtected(view, plan);
      }
      if (waits) {
        await waitForCancelMoment(requestWords(run.engine, plan.request));
      }
    },
  };
}

export function followHere(run: CommandRun, running: RunningRequest, hasNotice: boolean, undoing?: Undoing): Follower {
  const store = new DisposableStore();
  store.add(openProgressInView(treeViewId));
  const title = undoing?.doing ?? requestWords(run.engine, running.request);
  const entry = store.add(run.running.add({ title, requests: [running.request], cancel: running.cancel }));
  const notice = hasNotice ? store.add(new OperationNotice(run.engine, running, title)) : undefined;
  const waitFor = (other: OperationRequest): void => {
    entry.waitFor(other);
    notice?.waitFor(other);
  };
  return { waitFor, dispose: () => store.dispose() };
}
