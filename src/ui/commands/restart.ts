// virtRewind.restart: asks the guests to restart.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { power } from './power.js';

export function restart(run: CommandRun): Promise<unknown> {
  return power(run, 'restart', vscode.l10n.t('Restart which VM?'));
}
