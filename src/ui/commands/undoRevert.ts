// virtRewind.undoRevert: goes back to what a VM was before its last revert.
import * as vscode from 'vscode';
import type { OperationResult } from '../../domain/operation.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { revertTo } from './revertTo.js';
import { targetVm } from './targets.js';

const t = vscode.l10n.t;

export async function undoRevert(run: CommandRun): Promise<OperationResult> {
  const view = await targetVm(run, t('Undo the last revert of which VM?'), ({ undo }) => undo !== undefined);
  const checkpoint = await run.inventory.undoOfRevert(view.ref);
  const snapshot = checkpoint && findSnapshot(await run.inventory.readTree(view.ref), checkpoint.name);
  if (snapshot === undefined) {
    throw new CommandError(
      'notFound',
      t('No revert of {0} can be undone: none took a checkpoint that is still there.', view.vm.name),
      { vm: view.vm.name },
    );
  }
  return revertTo(run, view, snapshot, 'virtRewind.undoRevert');
}
