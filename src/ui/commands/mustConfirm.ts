// Whether a command has to ask before it destroys something.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';

/** A caller may do without the question, but not in a workspace that the user does not trust. */
export function mustConfirm({ call }: Pick<CommandRun, 'call'>): boolean {
  return !(call.kind === 'program' && call.given.confirm === false && vscode.workspace.isTrusted);
}
