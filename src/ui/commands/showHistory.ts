// virtRewind.showHistory: opens the file that keeps who did what to which VM.
import * as vscode from 'vscode';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';

const t = vscode.l10n.t;

export async function showHistory(run: CommandRun): Promise<void> {
  const { history, log } = run;
  try {
    await vscode.workspace.fs.stat(history);
  } catch (error) {
    log.debug(`no history: ${String(error)}`);
    throw new CommandError('notFound', t('Nothing has been done to a VM from here yet.'), { path: history.fsPath });
  }
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(history), { preview: true });
}
