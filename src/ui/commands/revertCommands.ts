// Revert and Undo Revert: which snapshot of which VM is meant.
import { t } from '@vscode/l10n';
import type { OperationResult } from '../../domain/operation.js';
import { findSnapshot, sortSnapshots } from '../../domain/snapshotTree.js';
import type { VmView } from '../../live/views.js';
import { titleOf } from '../../text/operationProgress.js';
import { nothingToUndoText } from '../../text/operationText.js';
import { agoText } from '../../text/relativeAge.js';
import { NothingThere } from '../prompts/commandError.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { existingVm } from './operate.js';
import { revertTo } from './revertTo.js';
import { sessionOf } from './sessionOf.js';
import { activeOrPickedVm, targetSnapshot, targetVm } from './targets.js';

export const revertCommands = {
  'virtRewind.revert': revert,
  'virtRewind.undoRevert': undoRevert,
  'virtRewind.revertToFavourite': revertToFavourite,
  'virtRewind.revertToLast': revertToLast,
} satisfies CommandTable;

/** Says what is lost, keeps the present state first unless told not to, and leaves the VM in the state that is asked for. */
async function revert(run: CommandRun): Promise<OperationResult> {
  const { view, snapshot } = await targetSnapshot(run, t('Select the snapshot to revert to'));
  return revertTo(run, view, snapshot, { id: 'virtRewind.revert' });
}

/** Goes back to what a VM was before its last revert. */
async function undoRevert(run: CommandRun): Promise<OperationResult> {
  const view = await targetVm(
    run,
    t('Select the VM whose last revert to undo'),
    ({ undo }) => undo !== undefined,
    undoWords,
  );
  const undone = await sessionOf(run).findUndoableRevert(view);
  if (undone === undefined) {
    throw new NothingThere(nothingToUndoText(view.vm.name), { vm: view.vm.name });
  }
  const { snapshot, target, ...more } = undone;
  return revertTo(run, view, snapshot, {
    ...more,
    id: 'virtRewind.undoRevert',
    ...(target !== undefined && { title: titleOf(view, target) }),
  });
}

/** Goes back to the snapshot of a VM that was marked as the favourite. */
async function revertToFavourite(run: CommandRun): Promise<OperationResult> {
  const view = await activeOrPickedVm(
    run,
    t('Select the VM to revert to its favourite'),
    ({ favourite }) => favourite !== undefined,
    (one) => (one.favourite === undefined ? undefined : `★ ${titleOf(one, one.favourite)}`),
  );
  const name = await run.engine.readFavourite(view.ref);
  const snapshot = name === undefined ? undefined : findSnapshot(await run.engine.readTree(view.ref), name);
  if (snapshot === undefined) {
    throw new NothingThere(
      t('{0} has no favourite snapshot. Choose Make Favourite in the menu of a snapshot.', view.vm.name),
      { vm: view.vm.name },
    );
  }
  return revertTo(run, existingVm(run, view.ref), snapshot, { id: 'virtRewind.revertToFavourite' });
}

/** Goes back to the newest snapshot of a VM that somebody took: what reverts and their layouts have left does not count. */
async function revertToLast(run: CommandRun): Promise<OperationResult> {
  const view = await activeOrPickedVm(
    run,
    t('Select the VM to revert to its last checkpoint'),
    ({ snapshotCount }) => snapshotCount !== 0,
  );
  const tree = await run.engine.readTree(view.ref);
  const last = sortSnapshots(tree, 'time').findLast(({ trailers }) => trailers.auto === undefined);
  if (last === undefined) {
    throw new NothingThere(t('{0} has no snapshots.', view.vm.name), { vm: view.vm.name });
  }
  return revertTo(run, existingVm(run, view.ref), last, { id: 'virtRewind.revertToLast' });
}

/** The revert that would be undone, by the snapshot that it went to. */
function undoWords({ undo, tree }: VmView): string | undefined {
  return undo?.target === undefined
    ? undefined
    : t(
        'undoes the revert to {0}, {1}',
        titleOf({ ...(tree && { tree }) }, undo.target),
        agoText(undo.createdAt, Date.now()),
      );
}
