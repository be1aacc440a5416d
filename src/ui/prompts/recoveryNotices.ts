// Tells what became of operations that had broken off: one message each. Loaded when there is one.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { EnginePort } from '../../engine/enginePort.js';
import type { RecoveryReport } from '../../domain/recoveryReport.js';
import { titleIn } from '../../text/operations/operationProgress.js';
import { recoveryText } from '../../text/operations/recoveryText.js';
import { notify } from './notify.js';

export async function tellRecovered(
  { engine, log }: { readonly engine: EnginePort; readonly log: vscode.LogOutputChannel },
  report: RecoveryReport,
): Promise<void> {
  const view = engine.findVm(report.request.vm);
  const { message, severity } = recoveryText(report, titleIn(view ?? {}, report.request));
  const commands = report.commands ?? [];
  log.info([message, ...commands].join('\n'));
  const copy = t('Copy Commands');
  const showLog = t('Show Log');
  // Until somebody says so, nothing else is begun on the VM.
  const settled = t('Mark as Resolved…');
  const finish = t('Finish…');
  const buttons = [
    ...(report.mayFinish === true ? [finish] : []),
    ...(commands.length > 0 ? [copy] : []),
    ...(report.outcome === 'explained' ? [settled] : []),
    showLog,
  ];
  const button = await notify(severity, message, ...buttons);
  if (button === copy) {
    await vscode.env.clipboard.writeText(commands.join('\n'));
  } else if (button === finish || button === settled) {
    const { vm } = report.request;
    // A VM that was moved may be on the other host alone.
    const { uuid, connection } = engine.findVm(vm)?.ref ?? engine.findVms(vm.uuid)[0]?.ref ?? vm;
    const given = { vm: uuid, connection, dismiss: button === settled };
    await vscode.commands.executeCommand('virtRewind.finishUnfinished', given);
  } else if (button === showLog) {
    log.show();
  }
}
