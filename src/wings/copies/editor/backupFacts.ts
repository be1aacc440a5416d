// When a VM was last backed up and verified, as far as it is known without a look at any repository.
import { t } from '@vscode/l10n';
import type { Memento } from 'vscode';
import type { Log } from '../../../base/log.js';
import type { VmView } from '../../../live/views.js';
import type { FactList } from '../../../text/factList.js';
import { agoText } from '../../../text/relativeAge.js';
import { withoutPassword } from '../repository/restic.js';
import { verifiedText } from '../verifiedText.js';
import { hostOfConnection, shownTarget } from './backupHost.js';
import { knownTargets } from './knownBackups.js';
import { lastRunsIn, schedulesOf } from './schedulesHere.js';

export async function backupFacts(
  view: VmView,
  remembered: Pick<Memento, 'get'>,
  log: Log,
): Promise<FactList['lines']> {
  const host = hostOfConnection(view.ref.connection);
  const known = knownTargets(remembered, host).flatMap(({ target, backups }) =>
    backups.filter(({ uuid }) => uuid === view.ref.uuid).map((backup) => ({ ...backup, target })),
  );
  const ran = (await schedulesOf(view, log, lastRunsIn)).flatMap(({ state, lastRun, schedule }) =>
    lastRun !== undefined && (lastRun.vms?.includes(view.ref.uuid) ?? state === 'done')
      ? [{ madeAt: lastRun.startedAt, target: withoutPassword(schedule.to) }]
      : [],
  );
  const [newest] = [...known, ...ran].toSorted((one, other) => other.madeAt - one.madeAt);
  const [verified] = known.flatMap((one) => one.verified ?? []).toSorted((one, other) => other.at - one.at);
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
