// What a row says of a VM's backups: when it was last backed up, and what became of its schedules.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { agoText } from '../../text/relativeAge.js';
import type { BackupsOfVm } from './backupsOfVm.js';
import type { ScheduleStatus } from './schedules/schedule.js';
import { everyText } from './schedules/scheduleNews.js';
import { stateText } from './schedules/scheduleText.js';
import { fullTime } from '../../domain/clockText.js';
import type { Verification } from './repository/verifications.js';

interface BackupWords {
  readonly label: string;
  /** Schedules that failed; else all of them; without any, where the last backup is. */
  readonly description: string;
  readonly isWrong: boolean;
}

/** @param targetText how a repository is called */
export function knownBackupsText(
  { newest, schedules }: BackupsOfVm,
  now: number,
  targetText: (target: string) => string,
): BackupWords {
  const wrong = schedules.filter(isWrong);
  const words =
    wrong.length > 0
      ? wrong.map(wrongText)
      : schedules.length > 0
        ? schedules.map(({ schedule }) => everyText(schedule.every))
        : [displayLine(targetText(newest?.target ?? ''))];
  return {
    label:
      newest === undefined && schedules.length > 0 && schedules.every(({ schedule }) => schedule.to === undefined)
        ? t('Snapshots by the clock')
        : newest === undefined
          ? t('No backup yet')
          : t('Last backup: {0}', agoText(newest.madeAt, now)),
    description: [...new Set(words)].join(' · '),
    isWrong: wrong.length > 0,
  };
}

function isWrong({ state, missedAt }: ScheduleStatus): boolean {
  return state === 'failed' || state === 'interrupted' || missedAt !== undefined;
}

function wrongText({ schedule: { name }, state, missedAt }: ScheduleStatus): string {
  return `${name}: ${missedAt === undefined ? stateText(state) : t('did not run')}`;
}

// When and how a backup was verified, in a few words.

export function verifiedText({ how, passed, at }: Verification): string {
  const ways = { read: t('read'), started: t('started'), agent: t('guest agent') };
  return passed ? `${fullTime(at)} (${ways[how]})` : t('failed {0}', fullTime(at));
}
