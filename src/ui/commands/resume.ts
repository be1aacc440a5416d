// virtRewind.resume: lets paused VMs go on.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { power } from './power.js';

export function resume(run: CommandRun): Promise<unknown> {
  return power(run, 'resume', vscode.l10n.t('Resume which VM?'));
}
