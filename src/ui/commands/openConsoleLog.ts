// virtRewind.openConsoleLog: opens the file to which libvirt logs a VM's serial console.
import { constants } from 'node:fs';
import * as vscode from 'vscode';
import { CommandError, answered } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { isLocalUri } from './connectionUri.js';
import { fileProblem } from './fileProblem.js';
import { notify } from '../prompts/notify.js';
import { targetVm } from './targets.js';

const t = vscode.l10n.t;

export async function openConsoleLog(run: CommandRun): Promise<{ readonly path: string } | undefined> {
  const view = await targetVm(run, t('Open the console log of which VM?'), ({ vm }) => vm.consoleLog !== undefined);
  const path = view.vm.consoleLog;
  const vm = view.vm.name;
  if (path === undefined) {
    throw new CommandError(
      'unsupported',
      t('{0} has no console log. Add {1} to its serial port in its XML, then start it again.', vm, '<log file="…"/>'),
      { vm },
    );
  }
  if (!isLocalUri(view.ref.connection)) {
    throw new CommandError('unsupported', t('The console log of {0} is on another computer: {1}.', vm, path), {
      vm,
      path,
    });
  }
  const problem = await fileProblem(path, constants.R_OK);
  if (problem === 'missing') {
    throw new CommandError('notFound', t('{0} has not been written yet. Start {1} first.', path, vm), { vm, path });
  }
  if (problem === 'denied') {
    return offerCommand(run, vm, path);
  }
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
  const editor = await vscode.window.showTextDocument(document, { preview: true });
  const end = document.lineAt(document.lineCount - 1).range.end;
  editor.selection = new vscode.Selection(end, end);
  editor.revealRange(new vscode.Range(end, end));
  return { path };
}

/** Console logs of the system connection belong to root: tell how they can be read. */
async function offerCommand(run: CommandRun, vm: string, path: string): Promise<undefined> {
  const command = `sudo tail -F '${path.replaceAll("'", String.raw`'\''`)}'`;
  const sentence = t('Only root may read the console log of {0}. In a terminal: {1}', vm, command);
  if (run.call.kind === 'program') {
    throw new CommandError('denied', sentence, { vm, path });
  }
  const copy = t('Copy Command');
  if (answered(await notify('warning', sentence, copy)) === copy) {
    await vscode.env.clipboard.writeText(command);
  }
}
