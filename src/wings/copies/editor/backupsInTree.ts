// What the tree tells of the backups of a VM: a row, and lines of its tooltip. Reads no repository.
import { t } from '@vscode/l10n';
import type { Memento } from 'vscode';
import type { Log } from '../../../base/log.js';
import { type VmView, vmKey } from '../../../live/views.js';
import { agoText } from '../../../text/relativeAge.js';
import type { VmNotes } from '../../../ui/tree/vmsInTree.js';
import { type BackupsOfVm, backupsOfVm } from '../backupsOfVm.js';
import { knownBackupsText } from '../knownBackupsText.js';
import { verifiedText } from '../knownBackupsText.js';
import { hostOfConnection, shownTarget } from './backupHost.js';
import { backupsChanged, backupsSeen } from './knownBackups.js';
import { lastRunsHere } from './schedulesHere.js';

export function backupsInTree(remembered: Pick<Memento, 'get'>, log: Log): VmNotes {
  const readEach = async <T>(
    views: readonly VmView[],
    tell: (known: BackupsOfVm, view: VmView) => T,
  ): Promise<readonly T[]> => {
    try {
      const runs = await lastRunsHere(log);
      return views.map((view) => tell(backupsOfVm(view, runs, backupsSeen(view, remembered)), view));
    } catch (error) {
      log.warn(`What is known of backups cannot be read: ${String(error)}`);
      return [];
    }
  };
  const read = async <T>(view: VmView, tell: (known: BackupsOfVm) => T, nothing: T): Promise<T> => {
    const [told = nothing] = await readEach([view], tell);
    return told;
  };
  return {
    onDidChange: backupsChanged.event,
    readRow: (view) => read(view, (known) => rowOf(view, known), undefined),
    readBackedUpAt: async (views) => {
      const all = await readEach(views, ({ newest }, { ref }) => [vmKey(ref), newest?.madeAt] as const);
      return new Map(all.flatMap(([key, at]) => (at === undefined ? [] : [[key, at]])));
    },
    readFacts: (view) => read(view, (known) => factsOf(view, known), []),
  };
}

/** Undefined where none is known, and no schedule makes any. */
function rowOf({ ref }: VmView, known: BackupsOfVm): Awaited<ReturnType<VmNotes['readRow']>> {
  if (known.newest === undefined && known.schedules.length === 0) {
    return undefined;
  }
  const host = hostOfConnection(ref.connection);
  return (now) => {
    const { label, description, isWrong } = knownBackupsText(known, now, (target) => shownTarget(host, target));
    return {
      ...{ label, description, words: description, context: 'message;', opens: 'never' },
      icon: { name: isWrong ? 'warning' : 'save-all' },
      spoken: `${label}, ${description}`,
      click:
        known.newest === undefined && known.schedules.every(({ schedule }) => schedule.to === undefined)
          ? { title: t('Schedules…'), command: 'virtRewind.backupSchedules' }
          : { title: t('Show Backups…'), command: 'virtRewind.showBackups' },
    };
  };
}

function factsOf({ ref }: VmView, { newest, verified }: BackupsOfVm): Awaited<ReturnType<VmNotes['readFacts']>> {
  return [
    ...(newest === undefined
      ? []
      : [
          {
            name: t('Last backup'),
            value: `${agoText(newest.madeAt, Date.now())} · ${shownTarget(hostOfConnection(ref.connection), newest.target)}`,
          },
        ]),
    ...(verified === undefined ? [] : [{ name: t('Backup verified'), value: verifiedText(verified) }]),
  ];
}
