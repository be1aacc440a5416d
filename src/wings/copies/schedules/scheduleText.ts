// What is wrong with a schedule, and how its last run ended, as sentences.
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import type { RunState, Schedule, ScheduleFault } from './schedule.js';

export function stateText(state: RunState): string {
  switch (state) {
    case 'never':
      return t('none yet');
    case 'running':
      return t('running');
    case 'done':
      return t('done');
    case 'failed':
      return t('failed');
    case 'interrupted':
      return t('interrupted');
  }
}

/** Where a timer of this user ends with their login. */
export function lingerLines(by: Schedule['by']): readonly string[] {
  return by === 'systemd' && process.geteuid?.() !== 0 && !existsSync(`/var/lib/systemd/linger/${userInfo().username}`)
    ? [t('It runs while you are logged in. To run it always: {0}.', 'loginctl enable-linger')]
    : [];
}

export function scheduleFaultText({ kind, about }: ScheduleFault): string {
  const shown = displayLine(about, 1_000);
  switch (kind) {
    case 'noScheduler':
      return t('Neither systemd nor cron runs here, so nothing can start a backup by the clock: {0}', shown);
    case 'badCalendar':
      return t(
        'systemd does not understand the calendar: {0}. Use hour, day, week, or one such as Mon..Fri 22:30.',
        shown,
      );
    case 'needsSystemd':
      return t('Only systemd understands {0}. cron is used here: use hour, day or week.', shown);
    case 'badName':
      return t('{0} cannot be the name of a schedule. Use small letters, digits and dashes with {1}.', shown, '--as');
    case 'taken':
      return t('There is a schedule {0} already. Remove it first, or use another name with {1}.', shown, '--as');
    case 'ruledTwice':
      return t(
        'The schedule {0} backs up the same VM to the same target, and a rule deletes the backups of both. Remove it, and give all {1} options to one schedule.',
        shown,
        '--keep',
      );
    case 'unknown':
      return t('There is no schedule {0}. List them with virt-rewind schedule.', shown);
    case 'unreadable':
      return t(
        'The schedule {0} cannot be read. Remove it with virt-rewind schedule --remove {0}, and add it again.',
        shown,
      );
    case 'badProgram':
      return t('{0} is not a program with its full path.', shown);
    case 'badPath':
      return t('cron cannot be told of the path {0}.', shown);
    case 'notInstalled':
      return t('The schedule was not added: {0}', shown);
    case 'notRemoved':
      return t('The schedule was not removed: {0}', shown);
  }
}
