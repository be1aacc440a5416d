// Revert: which snapshot of which VM is meant.
import { t } from '@vscode/l10n';
import type { OperationResult } from '../../domain/operation.js';
import { findSnapshot, sortSnapshots } from '../../domain/snapshotTree.js';
import { titleOf } from '../../text/operationProgress.js';
import { NothingThere } from '../prompts/commandError.js';
import { argumentsOf } from './commandArguments.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { existingVm } from './operate.js';
import { revertByList } from './revertByList.js';
import { revertTo } from './revertTo.js';
import { activeOrPickedVm, targetSnapshot } from './targets.js';

export const revertCommands = {
  'virtRewind.revert': revert,
  'virtRewind.revertToFavourite': revertToFavourite,
} satisfies CommandTable;

/**
 * Says what is lost, keeps the present state first unless told not to, and leaves the VM in the state that is asked
 * for.
 */
async function revert(run: CommandRun): Promise<unknown> {
  const { target } = argumentsOf(run.call);
  if (target === 'last') {
    return revertToLast(run);
  }
  if (target === 'favourite') {
    return revertToFavourite(run);
  }
  if (target === 'branch' || run.call.kind === 'palette') {
    return revertByList(run, target);
  }
  const { view, snapshot } = await targetSnapshot(run);
  return revertTo(run, view, snapshot, { id: 'virtRewind.revert' });
}

/** Goes back to the snapshot of a VM that was marked as the favourite. */
async function revertToFavourite(run: CommandRun): Promise<OperationResult> {
  const view = await activeOrPickedVm(
    run,
    ({ favourite }) => favourite !== undefined,
    (one) => (one.favourite === undefined ? undefined : `★ ${titleOf(one, one.favourite)}`),
  );
  const name = await run.engine.readFavourite(view.ref);
  const snapshot = name === undefined ? undefined : findSnapshot(await run.engine.readTree(view.ref), name);
  if (snapshot === undefined) {
    throw new NothingThere(
      t('{0} has no favourite snapshot. Choose Keep or Make Favourite… in the menu of a snapshot.', view.vm.name),
      { vm: view.vm.name },
    );
  }
  return revertTo(run, existingVm(run, view.ref), snapshot, { id: 'virtRewind.revertToFavourite' });
}

/**
 * Goes back to the newest snapshot of a VM that somebody took: what reverts and their layouts have left does not count.
 */
async function revertToLast(run: CommandRun): Promise<OperationResult> {
  const view = await activeOrPickedVm(run, ({ snapshotCount }) => snapshotCount !== 0);
  const tree = await run.engine.readTree(view.ref);
  const last = sortSnapshots(tree, 'time').findLast(({ trailers }) => trailers.auto === undefined);
  if (last === undefined) {
    throw new NothingThere(t('{0} has no snapshots.', view.vm.name), { vm: view.vm.name });
  }
  return revertTo(run, existingVm(run, view.ref), last, { id: 'virtRewind.revert' });
}
