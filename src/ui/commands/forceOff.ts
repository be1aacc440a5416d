// virtRewind.forceOff: as if the plug were pulled; asks first.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { power } from './power.js';

export function forceOff(run: CommandRun): Promise<unknown> {
  return power(run, 'forceOff', vscode.l10n.t('Force off which VM?'));
}
