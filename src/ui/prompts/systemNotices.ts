// Tells what became of what had broken off on a system of VMs.
import type * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { RecoveredSystem } from '../../systems/systems.js';
import { systemRecoveredText } from '../../text/systemText.js';
import { notify } from './notify.js';

export async function tellSystemRecovered(recovered: RecoveredSystem, log: vscode.LogOutputChannel): Promise<void> {
  const { message, severity } = systemRecoveredText(recovered);
  log.info(message);
  if ((await notify(severity, message, t('Show Log'))) !== undefined) {
    log.show();
  }
}
