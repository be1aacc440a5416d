// virtRewind.pause: stops the processors of VMs.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { power } from './power.js';

export function pause(run: CommandRun): Promise<unknown> {
  return power(run, 'pause', vscode.l10n.t('Pause which VM?'));
}
