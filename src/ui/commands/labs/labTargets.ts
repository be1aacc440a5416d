// Finds the lab file that a command is meant for: as given, the one that is edited, or the one that is picked
// of the workspace's.
import { basename, isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import { labFileName } from '../../../manifest/labFileName.js';
import { CommandError, NothingThere } from '../../prompts/commandError.js';
import { pick } from '../../prompts/pickTarget.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';

const mostFiles = 50;

/** Absolute. What is typed in it so far is saved. @throws CommandError `notFound` where there is none */
export async function labFileOf(run: CommandRun, placeholder: string): Promise<string> {
  const file = await askForLabFile(run, placeholder);
  const edited = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === file);
  if (edited?.isDirty === true && !(await edited.save())) {
    throw new CommandError('failed', t('Could not save {0}, so nothing was changed.', displayLine(file)));
  }
  return file;
}

async function askForLabFile({ call }: CommandRun, placeholder: string): Promise<string> {
  if (call.kind === 'file') {
    return call.path;
  }
  const { file } = argumentsOf(call);
  if (file !== undefined) {
    return isAbsolute(file) ? file : join(vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', file);
  }
  const edited = vscode.window.activeTextEditor?.document.uri;
  if (edited?.scheme === 'file' && basename(edited.fsPath) === labFileName) {
    return edited.fsPath;
  }
  const found = await vscode.workspace.findFiles(`**/${labFileName}`, '**/node_modules/**', mostFiles);
  const files = found.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
  const [first, ...others] = files.sort();
  if (first === undefined) {
    throw new NothingThere(
      t(
        'This workspace has no lab file. A lab file is named {0} and lists the VMs that the project needs.',
        labFileName,
      ),
    );
  }
  return others.length === 0
    ? first
    : pick(
        files.map((path) => ({ label: vscode.workspace.asRelativePath(path), value: path })),
        placeholder,
      );
}
