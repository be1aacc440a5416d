// Tells once of bisects that broke off: an editor or a computer that went away in the middle.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { readBrokenOff } from '../../../bisect/bisectMarks.js';
import type { Bisect } from '../../../domain/bisect.js';
import type { CommandId } from '../../../verbs/verbs.js';
import { displayLine } from '../../../domain/plainText.js';
import { notify } from '../../prompts/notify.js';
import { showFailure } from '../runCommand.js';

/** @param folder of the journal */
export async function tellBrokenOff(folder: string, log: vscode.LogOutputChannel): Promise<void> {
  for (const bisect of await readBrokenOff(folder, log)) {
    tell(bisect).catch((error: unknown) => showFailure(log, 'virtRewind.bisect', error));
  }
}

async function tell({ vm: { uuid, connection }, vmName }: Bisect): Promise<void> {
  const goOn = t('Continue');
  const show = t('Show Bisect');
  const end = t('End Bisect…');
  const message = t('A bisect of {0} was interrupted. Its results are saved.', displayLine(vmName));
  const button = await notify('info', message, goOn, show, end);
  const bisect = new Map([
    [goOn, 'resume'],
    [show, 'show'],
    [end, 'end'],
  ]).get(button ?? '');
  if (bisect !== undefined) {
    await vscode.commands.executeCommand('virtRewind.bisect' satisfies CommandId, { vm: uuid, connection, bisect });
  }
}
