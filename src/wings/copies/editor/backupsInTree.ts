// The row of the tree that says what is known of a VM's backups. Reads no repository.
import { t } from '@vscode/l10n';
import type { Memento } from 'vscode';
import type { Log } from '../../../base/log.js';
import type { VmView } from '../../../live/views.js';
import type { MessageRow } from '../../../ui/tree/messageRows.js';
import { backupsOfVm } from '../backupsOfVm.js';
import { knownBackupsText } from '../knownBackupsText.js';
import { backupsSeen } from './backupFacts.js';
import { hostOfConnection, shownTarget } from './backupHost.js';
import { lastRunsHere } from './schedulesHere.js';

/** Undefined where none is known, and no schedule makes any. Never rejects. */
export async function readBackupRow(
  view: VmView,
  remembered: Pick<Memento, 'get'>,
  log: Log,
): Promise<((now: number) => MessageRow) | undefined> {
  try {
    const known = backupsOfVm(view, await lastRunsHere(log), backupsSeen(view, remembered));
    if (known.newest === undefined && known.schedules.length === 0) {
      return undefined;
    }
    const host = hostOfConnection(view.ref.connection);
    return (now) => {
      const { label, description, isWrong } = knownBackupsText(known, now, (target) => shownTarget(host, target));
      return {
        ...{ label, description, words: description, context: 'message;', opens: 'never' },
        icon: { name: isWrong ? 'warning' : 'save-all' },
        spoken: `${label}, ${description}`,
        click: { title: t('Show Backups…'), command: 'virtRewind.showBackups' },
      };
    };
  } catch (error) {
    log.warn(`What is known of backups cannot be read: ${String(error)}`);
    return undefined;
  }
}
