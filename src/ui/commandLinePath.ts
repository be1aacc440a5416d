// Puts the command line on the PATH of the editor's terminals, run by the editor's own Node.js: where the editor is, it
// works.
import { delimiter, join } from 'node:path';
import { t } from '@vscode/l10n';
import type * as vscode from 'vscode';

/** Behind what is on the PATH already: one that somebody installed goes first. */
export function putOnPath({ environmentVariableCollection, extensionPath }: vscode.ExtensionContext): void {
  const variables = environmentVariableCollection;
  // What another version left would name a folder that is gone.
  variables.persistent = false;
  variables.description = t('Puts the command line {0} on the PATH.', 'virt-rewind');
  variables.replace('VIRT_REWIND_NODE', process.execPath);
  variables.append('PATH', `${delimiter}${join(extensionPath, 'dist', 'bin')}`);
}
