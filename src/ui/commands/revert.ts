// virtRewind.revert: says what is lost, keeps the present state first unless told not to, and leaves the VM in the state
// that is asked for.
import * as vscode from 'vscode';
import type { OperationResult } from '../../domain/operation.js';
import type { CommandRun } from './commandServices.js';
import { revertTo } from './revertTo.js';
import { targetSnapshot } from './targets.js';

export async function revert(run: CommandRun): Promise<OperationResult> {
  const { view, snapshot } = await targetSnapshot(run, vscode.l10n.t('Revert to which snapshot?'));
  return revertTo(run, view, snapshot, 'virtRewind.revert');
}
