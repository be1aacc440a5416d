// Tells of backups by the clock that failed or did not run, of each run once. Watches their files while somebody looks.
import { t } from '@vscode/l10n';
import { join } from 'node:path';
import type { LogOutputChannel } from 'vscode';
import { WatchedRecords } from '../../../journal/watchedRecords.js';
import { notify } from '../../../ui/prompts/notify.js';
import { endedText, newsOf, type ScheduleNews, unreadableNews } from '../schedules/scheduleNews.js';
import { ScheduleStore } from '../schedules/scheduleStore.js';
import type { StartServices } from '../../wing.js';
import { backupsChanged } from './knownBackups.js';
import { runScheduleNow, type Schedules, schedulesIn } from './schedulesHere.js';

export function tellOfSchedules(
  views: Pick<StartServices['attentions'], 'isVisible' | 'onDidChange'>,
  { context, journal, log }: Pick<StartServices, 'context' | 'journal' | 'log'>,
): void {
  const store = new ScheduleStore(journal, log);
  const records = new WatchedRecords({
    what: 'The schedules',
    log,
    read: async (watchFolder) => {
      const root = join(journal, 'schedules');
      watchFolder?.(root);
      (await store.names()).forEach((name) => watchFolder?.(join(root, name)));
      return [await schedulesIn(journal, log)];
    },
  });
  const window: Window = { store, log, begun: new Map(), told: new Set() };
  const logError = (error: unknown): void => log.error(String(error));
  const look = (): void => records.watch(records, views.isVisible);
  const tell = (): void => {
    backupsChanged.fire();
    records.all.forEach((found) => void tellAll(found, window).catch(logError));
  };
  context.subscriptions.push(records, records.onDidChange(tell), views.onDidChange(look));
  look();
}

interface Window {
  readonly store: ScheduleStore;
  readonly log: LogOutputChannel;
  /** Runs begun from here: by the name of the schedule, when its run before began. */
  readonly begun: Map<string, number | undefined>;
  /** News that this or another window told. */
  readonly told: Set<string>;
}

async function tellAll({ schedules, unreadable }: Schedules, { store, log, begun, told }: Window): Promise<void> {
  const news = schedules.flatMap((status) => newsOf(status) ?? []);
  for (const one of [...news, ...unreadable.map(unreadableNews)]) {
    const key = `${one.schedule} ${one.id}`;
    const isNew = !told.has(key);
    told.add(key);
    if (!isNew || !(await store.claimNews(one.schedule, one.id))) {
      continue;
    }
    const lastRun = schedules.find(({ schedule }) => schedule.name === one.schedule)?.lastRun;
    tell(one, () => begun.set(one.schedule, lastRun?.startedAt), log).catch((error: unknown) =>
      log.error(String(error)),
    );
  }
  for (const { schedule, state, lastRun } of schedules) {
    const isNew = begun.has(schedule.name) && begun.get(schedule.name) !== lastRun?.startedAt;
    if (isNew && state !== 'running') {
      begun.delete(schedule.name);
      if (state === 'done' && lastRun !== undefined) {
        void notify('info', endedText(schedule.name, lastRun));
      }
    }
  }
}

async function tell(news: ScheduleNews, onRun: () => void, log: LogOutputChannel): Promise<void> {
  const { schedule, text, messages, canRun } = news;
  const [runNow, showLog] = [t('Run Now'), t('Show Log')];
  log.warn([text, ...messages].join('\n'));
  const pressed = await notify('warning', text, ...(canRun ? [runNow] : []), showLog);
  if (pressed === showLog) {
    log.show();
  } else if (pressed === runNow) {
    onRun();
    runScheduleNow(schedule, log);
  }
}
