// virtRewind.snoozeHealth: warnings about a VM are neither shown nor told for a while.
import * as vscode from 'vscode';
import { keyOf } from '../../diagnosis/healthFinding.js';
import { healthText, severityWord } from '../../text/healthText.js';
import type { CommandRun } from './commandServices.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { pickSeveral } from '../prompts/pickTarget.js';
import { pickSnooze } from '../health/pickSnooze.js';
import { targetVm } from './targets.js';

const t = vscode.l10n.t;

export async function snoozeHealth(run: CommandRun): Promise<void> {
  const isWrong = (found: readonly { readonly severity: string }[] = []): boolean =>
    found.some(({ severity }) => severity !== 'note');
  const view = await targetVm(run, t('Snooze the warnings about which VM?'), ({ ref }) =>
    isWrong(run.health.healthOf(ref)?.found),
  );
  const found = (run.health.healthOf(view.ref)?.found ?? []).filter(({ severity }) => severity !== 'note');
  if (found.length === 0) {
    noteInStatusBar(t('Nothing is wrong with {0}, as far as is known.', view.vm.name));
    return;
  }
  const choices = found.map(({ finding, severity }) => ({
    label: healthText(finding, view, Date.now(), t).what,
    description: severityWord(severity, t),
    value: keyOf(view.ref, finding),
  }));
  const keys = await pickSeveral(choices, t('Snooze which warnings?'));
  if (keys.length > 0) {
    await run.health.snooze(keys, await pickSnooze());
  }
}
