// virtRewind.showPicture: opens the picture of a VM, its snapshots and its blocks, in an editor tab.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { givenTo } from './commandArguments.js';
import { targetVm } from './targets.js';

/** Called on what the user looks at already, it opens a second one beside it. */
export async function showPicture(run: CommandRun): Promise<void> {
  const { ref } = await targetVm(run, vscode.l10n.t('Show the picture of which VM?'));
  const row = run.call.kind === 'rows' ? run.call.rows[0] : undefined;
  const snapshot = row?.kind === 'snapshot' ? row.snapshot : givenTo(run.call).snapshot;
  const open = run.pictures.find(ref);
  run.pictures.show(ref, {
    ...(snapshot === undefined ? {} : { focus: { part: 'tree', snapshot } }),
    where: open?.isActive === true && snapshot === undefined ? 'beside' : 'again',
  });
}
