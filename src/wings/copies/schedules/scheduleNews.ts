// What a person should hear of a schedule: that a run failed, or did not come. Pure.
import { t } from '@vscode/l10n';
import { fullTime } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import { agoText } from '../../../text/relativeAge.js';
import { withoutPassword } from '../repository/repositoryAddress.js';
import { type Schedule, type ScheduledRun, type ScheduleStatus } from './schedule.js';
import { stateText } from './scheduleText.js';
import { scheduleFailure } from './scheduleFailure.js';
import { failureText } from '../../../text/failures/failureText.js';

export interface ScheduleNews {
  readonly schedule: string;
  /** The id, unique for each run: it is reported once. */
  readonly id: string;
  readonly text: string;
  /** All that the run said. */
  readonly messages: readonly string[];
  readonly canRun: boolean;
}

/** What a notification has room for. */
const longestReason = 300;

/** Undefined: all is well, or it runs. */
export function newsOf({ schedule, lastRun, state, missedAt }: ScheduleStatus): ScheduleNews | undefined {
  const { name } = schedule;
  if (missedAt !== undefined) {
    return { schedule: name, id: `missed ${missedAt}`, text: missedText(name, missedAt), messages: [], canRun: true };
  }
  if (lastRun === undefined || (state !== 'failed' && state !== 'interrupted')) {
    return undefined;
  }
  const { startedAt, sameSince = startedAt, messages } = lastRun;
  const [first, ...others] = messages.map((message) => displayLine(message, longestReason));
  const what =
    state === 'interrupted'
      ? t('The run of the schedule {0} at {1} was interrupted.', name, fullTime(startedAt))
      : t('The run of the schedule {0} at {1} failed.', name, fullTime(startedAt));
  const more = others.length === 0 ? [] : [t('The log has the reasons of {0} more.', others.length)];
  return {
    ...{ schedule: name, id: `${state} ${schedule.to === undefined ? sameSince : startedAt}`, messages, canRun: true },
    text: [what, ...(first === undefined ? [] : [first]), ...more].join(' '),
  };
}

export function missedText(schedule: string, at: number): string {
  return t('The schedule {0} did not run at {1}.', schedule, fullTime(at));
}

export function unreadableNews(schedule: string): ScheduleNews {
  const text = failureText(scheduleFailure('unreadable', { about: schedule })).sentence;
  return { schedule, id: 'unreadable', text, messages: [], canRun: false };
}

export function endedText(schedule: string, { backups, deleted, snapshots }: ScheduledRun): string {
  if (snapshots !== undefined) {
    return t('{0}: snapshots: {1}, deleted or in the trash: {2}', schedule, snapshots, deleted);
  }
  return t('{0}: backups: {1}, deleted: {2}', schedule, backups.length, deleted);
}

/** Where neither systemd nor cron has it. */
export function lostText(name: string, by: Schedule['by']): string {
  return t('{0} is no longer known to {1}. Remove it, and add it again.', name, by);
}

const shownVms = 3;

/** In a list. */
export function scheduleLine(
  { schedule: { name, every, to, by, system, vms }, lastRun, state, nextAt, missedAt }: ScheduleStatus,
  now: number,
  isInstalled = true,
): { readonly label: string; readonly icon: string; readonly description: string; readonly detail: string } {
  const isGood = isInstalled && missedAt === undefined && state !== 'failed' && state !== 'interrupted';
  const last = lastRun === undefined ? '' : `${agoText(lastRun.startedAt, now)}, `;
  const [reason] = isInstalled ? (lastRun?.messages ?? []) : [lostText(name, by)];
  return {
    label: name,
    icon: isGood ? 'clock' : 'warning',
    description: `${everyText(every)} · ${t('Last run')}: ${last}${stateText(state)}`,
    detail: [
      displayLine(
        vms.length === 0
          ? datesText()
          : (system ??
              [...vms.slice(0, shownVms), ...(vms.length > shownVms ? [`+${vms.length - shownVms}`] : [])].join(', ')),
      ),
      ...(nextAt === undefined ? [] : [`${t('Next run')}: ${fullTime(nextAt)}`]),
      displayLine(missedAt !== undefined ? missedText(name, missedAt) : (reason ?? toText(to)), longestReason),
    ].join(' · '),
  };
}

/** Where it backs up to, or that it takes snapshots. */
export function toText(to: string | undefined): string {
  return to === undefined ? t('Snapshots') : withoutPassword(to);
}

/** Of which VMs, where no VM is named. */
export function datesText(): string {
  return t('VMs with snapshots that are kept until a date');
}

export function everyText(every: string): string {
  switch (every) {
    case 'hour':
      return t('every hour');
    case 'day':
      return t('every day');
    case 'week':
      return t('every week');
    default:
      return displayLine(every);
  }
}
