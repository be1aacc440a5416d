// virtRewind.showXml: opens the XML of a VM or a snapshot, read-only.
import * as vscode from 'vscode';
import { givenTo } from './commandArguments.js';
import type { CommandRun } from './commandServices.js';
import { targetSnapshot, targetVm } from './targets.js';

export async function showXml(run: CommandRun): Promise<void> {
  const placeholder = vscode.l10n.t('Show the XML of what?');
  if (meansSnapshot(run)) {
    const { view, snapshot } = await targetSnapshot(run, placeholder);
    await run.documents.open(view.ref, snapshot.name);
  } else {
    await run.documents.open((await targetVm(run, placeholder)).ref);
  }
}

/** A snapshot's row, or a snapshot given; a VM otherwise. */
export function meansSnapshot(run: CommandRun): boolean {
  return run.call.kind === 'rows' ? run.call.rows[0].kind === 'snapshot' : givenTo(run.call).snapshot !== undefined;
}
