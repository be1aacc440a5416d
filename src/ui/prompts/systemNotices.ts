// Tells what became of what had broken off on a system of VMs, and that the one that was chosen is gone.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { RecoveredSystem } from '../../systems/systems.js';
import { systemRecoveredText } from '../../text/systems/systemText.js';
import { notify } from './notify.js';

export async function tellSystemRecovered(recovered: RecoveredSystem, log: vscode.LogOutputChannel): Promise<void> {
  const { message, severity } = systemRecoveredText(recovered);
  log.info(message);
  const finish = t('Finish…');
  const showLog = t('Show Log');
  const button = await notify(severity, message, ...(recovered.to === 'explain' ? [finish] : []), showLog);
  if (button === finish) {
    await vscode.commands.executeCommand('virtRewind.recoverSystem', { system: recovered.entry.system.id });
  } else if (button === showLog) {
    log.show();
  }
}

export async function tellSystemGone(name: string): Promise<void> {
  const text = t('The system {0} of this workspace no longer exists. The status bar shows a VM again.', name);
  await notify('info', text);
}
