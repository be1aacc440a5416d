// virtRewind.shutDown: asks the guests to shut down, and waits until they have.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { power } from './power.js';

export function shutDown(run: CommandRun): Promise<unknown> {
  return power(run, 'shutDown', vscode.l10n.t('Shut down which VM?'));
}
