// Loads what tells of backups by the clock, where there are any and somebody looks.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Disposable } from '../../../base/disposable.js';
import type { NoticeOptions, SeenViews } from './scheduleNotices.js';

export function registerSchedules(views: SeenViews, options: NoticeOptions): Disposable {
  const waiting = views.onDidChange(() => {
    if (views.isVisible && existsSync(join(options.journal, 'schedules'))) {
      waiting.dispose();
      import('./scheduleNotices.js')
        .then(({ tellOfSchedules }) => tellOfSchedules(views, options))
        .catch((error: unknown) => options.log.error(String(error)));
    }
  });
  return waiting;
}
