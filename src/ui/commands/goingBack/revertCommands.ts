// Revert: which snapshot of which VM is meant.
import { t } from '@vscode/l10n';
import type { OperationRequest, OperationResult } from '../../../domain/operation.js';
import { displayLine } from '../../../domain/plainText.js';
import { findSnapshot, sortSnapshots } from '../../../domain/snapshotTree.js';
import type { VmRef } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import { titleOf } from '../../../text/operations/operationProgress.js';
import { nothingToUndoText } from '../../../text/operations/operationText.js';
import type { LeftOut } from '../../../text/questions/questionText.js';
import { NothingThere } from '../../prompts/commandError.js';
import { notify } from '../../prompts/notify.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { existingVm } from '../operate.js';
import { type DoneRequest, operateAll } from '../operateAll.js';
import { revertByList } from './revertByList.js';
import { revertTo } from './revertTo.js';
import { showFailure } from '../runCommand.js';
import { revertLastPoint, revertSystem } from '../systems/systemOperations.js';
import { sessionOf } from '../sessionOf.js';
import { targetOnEach } from '../severalVms.js';
import { activeOrPickedVm, targetSnapshot, hasSnapshots } from '../targets.js';
import { type Undoing, undoingOfRevert } from './undoing.js';
import { vmCountText } from '../../../text/words.js';

/** In a question. */
const longestTitle = 48;

export const revertCommands = {
  'virtRewind.revert': { vms: revert, several: revertSeveral, system: revertSystem },
  'virtRewind.revertToLast': {
    vms: revertToLast,
    several: (run, views) => revertSeveral(run, views, 'last'),
    system: revertLastPoint,
  },
  'virtRewind.revertToFavourite': {
    vms: revertToFavourite,
    several: (run, views) => revertSeveral(run, views, 'favourite'),
    system: revertLastPoint,
  },
} satisfies CommandTable;

/**
 * Says what is lost, keeps the current state first unless told not to, and leaves the VM in the state that is asked
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
  const isOnVm = run.call.kind === 'rows' && run.call.rows[0].kind !== 'snapshot';
  if (target === 'branch' || run.call.kind === 'palette' || isOnVm) {
    return revertByList(run, target);
  }
  const { view, snapshot } = await targetSnapshot(run);
  return revertTo(run, view, snapshot, { id: 'virtRewind.revert' });
}

/** Each VM to its own snapshot, or to that of a title which they share: after one question. */
async function revertSeveral(
  run: CommandRun,
  views: readonly VmView[],
  given?: 'last' | 'favourite',
): Promise<readonly OperationResult[]> {
  const { target, after, checkpointFirst } = argumentsOf(run.call);
  const which = given ?? (target === 'branch' ? undefined : target);
  const wish = { ...(after !== undefined && { after }), ...(checkpointFirst !== undefined && { checkpointFirst }) };
  const placeHolder = t('Select the snapshot to revert {0} VMs to', views.length);
  const { targets, title, leftOut } = await targetOnEach(run, views, placeHolder, ['last', 'favourite'], which);
  const session = sessionOf(run);
  const requests = targets.map(({ view, snapshot }) => session.revertRequest(view, snapshot, wish));
  return operateAll(run, requests, {
    title: (count) =>
      title === undefined
        ? t('Revert {0}?', vmCountText(count))
        : t('Revert {0} to “{1}”?', vmCountText(count), displayLine(title, longestTitle)),
    confirm: (count) => (count === 1 ? t('Revert') : t('Revert {0} VMs', count)),
    when: 'always',
    leftOut,
    onDone: (done) => offerUndo(run, done),
  });
}

/** One button for all of them. */
function offerUndo(run: CommandRun, reverted: readonly DoneRequest[]): void {
  const kept = reverted.filter(({ value }) => value.checkpoint !== undefined);
  if (kept.length === 0) {
    return;
  }
  const undo = t('Undo Revert');
  void notify('info', t('Reverted {0}.', vmCountText(reverted.length)), undo)
    .then((button) =>
      button === undo
        ? undoSeveral(
            { ...run, call: { kind: 'palette', given: {} } },
            kept.map(({ item }) => item.vm),
          )
        : undefined,
    )
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.undo', reason, undo));
}

/** What each VM was before its last revert, after one question. */
async function undoSeveral(run: CommandRun, refs: readonly VmRef[]): Promise<unknown> {
  const session = sessionOf(run);
  const undoings = new Map<OperationRequest, Undoing>();
  const leftOut: LeftOut[] = [];
  for (const view of refs.map((ref) => existingVm(run, ref))) {
    const found = await session.findUndoableRevert(view);
    if (found === undefined) {
      leftOut.push({ vm: view.vm.name, why: nothingToUndoText(view.vm.name) });
      continue;
    }
    const { snapshot, target = snapshot.name, after, undoes: entry } = found;
    const request = session.revertRequest(view, snapshot, { ...(after !== undefined && { after }) });
    undoings.set(request, undoingOfRevert(view, target, entry));
  }
  if (undoings.size === 0) {
    throw new NothingThere(t('There is nothing to undo.'));
  }
  return operateAll(run, [...undoings.keys()], {
    title: (count) => t('Undo the revert of {0}?', vmCountText(count)),
    confirm: () => t('Undo Revert'),
    when: 'always',
    leftOut,
    undoing: (request) => undoings.get(request),
  });
}

/** Goes back to the snapshot of a VM that was marked as the favourite. */
async function revertToFavourite(run: CommandRun): Promise<unknown> {
  const view = await activeOrPickedVm(
    run,
    ({ favourite }) => favourite !== undefined,
    (one) => (one.favourite === undefined ? undefined : `★ ${titleOf(one, one.favourite)}`),
  );
  const name = await run.engine.readFavourite(view.ref);
  const snapshot = name === undefined ? undefined : findSnapshot(await run.engine.readTree(view.ref), name);
  if (snapshot === undefined) {
    throw new NothingThere(t('{0} has no favourite snapshot. Choose Keep… in the menu of a snapshot.', view.vm.name), {
      vm: view.vm.name,
    });
  }
  return revertTo(run, existingVm(run, view.ref), snapshot, { id: 'virtRewind.revertToFavourite' });
}

/**
 * Goes back to the newest snapshot of a VM that somebody took: what reverts and their layouts have left does not count.
 */
async function revertToLast(run: CommandRun): Promise<unknown> {
  const view = await activeOrPickedVm(run, hasSnapshots);
  const tree = await run.engine.readTree(view.ref);
  const last = sortSnapshots(tree, 'time').findLast(({ trailers }) => trailers.auto === undefined);
  if (last === undefined) {
    throw new NothingThere(t('{0} has no snapshots.', view.vm.name), { vm: view.vm.name });
  }
  return revertTo(run, existingVm(run, view.ref), last, { id: 'virtRewind.revert' });
}
