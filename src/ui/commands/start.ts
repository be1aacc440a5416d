// virtRewind.start: starts VMs; from its saved state where there is one.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { power } from './power.js';

export function start(run: CommandRun): Promise<unknown> {
  return power(run, 'start', vscode.l10n.t('Start which VM?'));
}
