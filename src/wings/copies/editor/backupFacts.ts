// When a VM was last backed up and verified, as far as it is known without a look at any repository.
import { t } from '@vscode/l10n';
import type { Memento } from 'vscode';
import type { Log } from '../../../base/log.js';
import type { VmView } from '../../../live/views.js';
import type { FactList } from '../../../text/rows/factList.js';
import { agoText } from '../../../text/relativeAge.js';
import { type SeenBackup, backupsOfVm } from '../backupsOfVm.js';
import { verifiedText } from '../verifiedText.js';
import { hostOfConnection, shownTarget } from './backupHost.js';
import { knownTargets } from './knownBackups.js';
import { lastRunsHere } from './schedulesHere.js';

export async function backupFacts(
  view: VmView,
  remembered: Pick<Memento, 'get'>,
  log: Log,
): Promise<FactList['lines']> {
  const host = hostOfConnection(view.ref.connection);
  const { newest, verified } = backupsOfVm(view, await lastRunsHere(log), backupsSeen(view, remembered));
  return [
    ...(newest === undefined
      ? []
      : [
          {
            name: t('Last backup'),
            value: `${agoText(newest.madeAt, Date.now())} · ${shownTarget(host, newest.target)}`,
          },
        ]),
    ...(verified === undefined ? [] : [{ name: t('Backup verified'), value: verifiedText(verified) }]),
  ];
}

/** Of a VM, when the repositories were read last. */
export function backupsSeen({ ref }: VmView, remembered: Pick<Memento, 'get'>): readonly SeenBackup[] {
  return knownTargets(remembered, hostOfConnection(ref.connection)).flatMap(({ target, backups }) =>
    backups.filter(({ uuid }) => uuid === ref.uuid).map((backup) => ({ ...backup, target })),
  );
}
