// What is wrong with a schedule. `about`: what it is about, or what a program said.
import { t } from '@vscode/l10n';
import { type Of, wingFailures } from '../../../text/failures/wingFailures.js';

export const scheduleFailure = wingFailures('schedules', {
  refused: {
    noScheduler: ({ about }: Of<'about'>) =>
      t('Neither systemd nor cron runs here, so nothing can start it by the clock: {0}', about),
    badCalendar: ({ about }: Of<'about'>) =>
      t('systemd does not understand the calendar: {0}. Use hour, day, week, or one such as Mon..Fri 22:30.', about),
    needsSystemd: ({ about }: Of<'about'>) =>
      t('Only systemd understands {0}, and it does not run here. Use hour, day or week.', about),
    badName: ({ about }: Of<'about'>) =>
      t('{0} cannot be the name of a schedule. Use small letters, digits and dashes with {1}.', about, '--as'),
    taken: ({ about }: Of<'about'>) =>
      t('There is a schedule {0} already. Remove it first, or use another name with {1}.', about, '--as'),
    ruledTwice: ({ about }: Of<'about'>) =>
      t(
        'The schedule {0} backs up the same VM to the same target, and a rule deletes the backups of both. Remove it, and give all {1} options to one schedule.',
        about,
        '--keep',
      ),
    badProgram: ({ about }: Of<'about'>) => t('{0} is not a program with its full path.', about),
    unhealthy: ({ about }: Of<'about'>) =>
      t('No snapshot was taken, because it would make this worse: {0} See virt-rewind health.', about),
    badPath: ({ about }: Of<'about'>) => t('cron cannot be told of the path {0}.', about),
  },
  notFound: {
    unknown: ({ about }: Of<'about'>) => t('There is no schedule {0}. List them with virt-rewind schedule.', about),
  },
  failed: {
    notInstalled: ({ about }: Of<'about'>) => t('The schedule was not added: {0}', about),
    notRemoved: ({ about }: Of<'about'>) => t('The schedule was not removed: {0}', about),
    unreadable: ({ about }: Of<'about'>) =>
      t('The schedule {0} cannot be read. Remove it with virt-rewind schedule --remove {0}, and add it again.', about),
  },
});
