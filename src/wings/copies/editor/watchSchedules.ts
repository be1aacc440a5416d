// Loads what tells of backups by the clock, where there are any and somebody looks.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AtStart } from '../../wing.js';

export const watchSchedules: AtStart = (services) => {
  const { attentions, journal, log, context } = services;
  // Also where nobody looks: what neither systemd nor cron runs, an editor does.
  if (existsSync(join(journal, 'schedules'))) {
    import('./runDue.js')
      .then(({ runDueSchedules }) => context.subscriptions.push(runDueSchedules(log)))
      .catch((error: unknown) => log.error(String(error)));
  }
  const waiting = attentions.onDidChange(() => {
    if (attentions.isVisible && existsSync(join(journal, 'schedules'))) {
      waiting.dispose();
      import('./scheduleNotices.js')
        .then(({ tellOfSchedules }) => tellOfSchedules(attentions, services))
        .catch((error: unknown) => log.error(String(error)));
    }
  });
  return waiting;
};
