// virtRewind.deleteWithDescendants: deletes snapshots and everything below them.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { deleteScope } from './deleteSnapshot.js';

export function deleteWithDescendants(run: CommandRun): Promise<unknown> {
  return deleteScope(run, 'withDescendants', vscode.l10n.t('Delete which snapshot, with all its descendants?'));
}
