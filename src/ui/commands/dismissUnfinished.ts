// virtRewind.dismissUnfinished: a person has brought to its end what had broken off, so that others may be begun again.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { mustConfirm } from './mustConfirm.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { confirmModal } from './operate.js';
import { targetVm } from './targets.js';

const t = vscode.l10n.t;

export async function dismissUnfinished(run: CommandRun): Promise<void> {
  const { ref, vm } = await targetVm(run, t('On which VM is everything brought to its end?'));
  if (mustConfirm(run)) {
    await confirmModal(
      t('Is everything on {0} brought to its end?', vm.name),
      t('What was interrupted there will not be gone on with. Examine {0} first, if you are not sure.', vm.name),
      [t('Yes')],
    );
  }
  await run.inventory.dismissUnfinished(ref);
  noteInStatusBar(t('New operations can be begun on {0} again.', vm.name));
}
