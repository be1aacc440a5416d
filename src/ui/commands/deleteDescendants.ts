// virtRewind.deleteDescendants: deletes everything below a snapshot; it stays itself.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { deleteScope } from './deleteSnapshot.js';

export function deleteDescendants(run: CommandRun): Promise<unknown> {
  return deleteScope(run, 'descendants', vscode.l10n.t('Delete all descendants of which snapshot?'));
}
