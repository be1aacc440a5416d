// The way back to before an operation of a VM's log: looked at as a whole before, then each undone by itself, the last
// one first.
import { t } from '@vscode/l10n';
import { Failure } from '../../../domain/failure.js';
import type { LoggedOperation } from '../../../domain/loggedOperation.js';
import type { OperationRequest } from '../../../domain/operation.js';
import { displayLine } from '../../../domain/plainText.js';
import { type UndoableOperation, UndoLook } from '../../../engine/undoLook.js';
import type { VmView } from '../../../live/views.js';
import { loggedWords, revertedTo, undoLine } from '../../../text/operations/loggedText.js';
import { titleOf } from '../../../text/operations/operationProgress.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { CommandError } from '../../prompts/commandError.js';
import { noteInStatusBar, notify } from '../../prompts/notify.js';
import { seamlessWish } from '../../readSettings.js';
import type { CommandRun } from '../commandServices.js';
import { mustConfirm } from '../consent.js';
import { existingVm, operate, operateConfirmed } from '../operate.js';
import { undoMomentOf } from '../cancelMoment.js';
import { undoingOf, tellUndone } from './undoing.js';

export async function undoOne(
  run: CommandRun,
  view: VmView,
  look: UndoLook,
  undoable: UndoableOperation,
): Promise<unknown> {
  const way = requireWay(view, undoable);
  const { entry } = undoable;
  const now = existingVm(run, view.ref);
  const undoing = undoingOf(look, now, undoable);
  if (way.kind === 'mark') {
    await run.engine.mark(way.request, entry.id);
    await tellUndone(run, view.ref, undoing);
    return undefined;
  }
  const reverted = revertedTo(look.root(entry), now);
  // Nobody can pass over the question who did not say which operation is meant.
  return operateConfirmed(run, requestOf(way), 'always', {
    undoing,
    ...(reverted !== undefined && { about: { [undoable.does === 'undo' ? 'undoes' : 'redoes']: reverted } }),
  });
}

/** In the question; all are in its details. */
const mostTold = 3;

/** @param entry which is undone with all after it */
export async function undoWithLater(
  run: CommandRun,
  view: VmView,
  look: UndoLook,
  entry: LoggedOperation,
): Promise<void> {
  const vm = displayLine(view.vm.name);
  const steps = look.backTo(entry);
  if (steps.length === 0) {
    throw new CommandError('notFound', t('Nothing was changed.'), { vm: view.vm.name });
  }
  // Where one cannot be undone, none is.
  steps.forEach((step) => requireWay(view, step));
  if (mustConfirm(run)) {
    const now = existingVm(run, view.ref);
    const lines = steps.map((step) => undoLine(step, look.root(step.entry), now));
    await askQuestion({
      title: t('Return {0} to the state before {1}?', vm, loggedWords(entry, now)),
      lines: [...lines.slice(0, mostTold), ...(lines.length > mostTold ? ['…'] : [])],
      details: lines.join('\n'),
      confirm: t('Restore'),
    });
    const deleted = steps.flatMap(({ way }) =>
      way.kind === 'operation' && way.request.kind === 'delete' ? [titleOf(now, way.request.snapshot)] : [],
    );
    await (deleted.length > 0 ? undoMomentOf(view.vm.name, deleted) : undefined);
  }
  for (const [index, step] of steps.entries()) {
    try {
      await undoFresh(run, view, step);
    } catch (error) {
      void notify('warning', t('Stopped after {0} of {1}. Next: {2}.', index, steps.length, step.entry.id));
      throw error;
    }
  }
  noteInStatusBar(t('Undid {0} on {1}', steps.map((step) => loggedWords(step.entry, view)).join(', '), vm));
}

/** On what is there by then. */
async function undoFresh(run: CommandRun, view: VmView, { entry }: UndoableOperation): Promise<void> {
  const fresh = await UndoLook.at(run.engine, view.ref);
  const undoable = fresh.of(fresh.find(entry.id) ?? entry);
  const way = requireWay(view, undoable);
  if (way.kind === 'mark') {
    return run.engine.mark(way.request, entry.id);
  }
  await operate(run, requestOf(way), { undoing: undoingOf(fresh, view, undoable), quiet: 'result' });
}

/** The checkpoint that a revert takes first is as it is set. */
function requestOf({ request }: Extract<UndoableOperation['way'], { kind: 'operation' }>): OperationRequest {
  const keeps = request.kind === 'revert' && request.checkpointFirst === true;
  return keeps ? { ...request, ...seamlessWish() } : request;
}

/** @throws Failure `refused` */
function requireWay(
  { ref, vm }: VmView,
  { way }: UndoableOperation,
): Exclude<UndoableOperation['way'], { kind: 'refusal' }> {
  if (way.kind === 'refusal') {
    throw new Failure('refused', { connection: ref.connection, vm: vm.name, refusal: way.refusal });
  }
  return way;
}
