// Undoes one operation of a VM's log, or does it again: an operation like any other, or a mark.
import type { UndoableOperation, UndoLook } from '../../../engine/undoLook.js';
import type { VmView } from '../../../live/views.js';
import { titleOf } from '../../../text/operations/operationProgress.js';
import type { CommandRun } from '../commandServices.js';
import { existingVm, operateConfirmed } from '../operate.js';
import { tellUndone, undoingOf } from './undoing.js';
import { requestOf, requireWay } from './undoWithLater.js';

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
  const reverted = entry.request.kind === 'revert' ? titleOf(now, entry.request.snapshot) : undefined;
  // Nobody can pass over the question who did not say which operation is meant.
  return operateConfirmed(run, requestOf(way), 'always', {
    undoing,
    ...(reverted !== undefined && { about: { undoes: reverted } }),
  });
}
