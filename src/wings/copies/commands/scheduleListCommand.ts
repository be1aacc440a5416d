// What `virt-rewind schedule` does with the schedules that are there: lists, runs and removes them.
import { resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { CliError } from '../../../cli/commandError.js';
import type { Context } from '../../../cli/context.js';
import { exitCode } from '../../../cli/exitCodes.js';
import { fullTime } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import { scheduleInfo } from '../copiesInfos.js';
import { readInstalled } from '../readCopies.js';
import { withoutPassword } from '../repository/repositoryAddress.js';
import type { Scheduler } from '../schedules/installSchedule.js';
import { runSchedule } from '../schedules/runSchedule.js';
import { isDue, type Schedule, ScheduleFault, stateOf } from '../schedules/schedule.js';
import { endedText, missedText } from '../schedules/scheduleNews.js';
import { readSchedules, type ScheduleStore } from '../schedules/scheduleStore.js';
import { scheduleFaultText, stateText } from '../schedules/scheduleText.js';
import type { CopiesAnswers } from './answers.js';

export interface ScheduleTools {
  readonly store: ScheduleStore;
  readonly scheduler: Scheduler;
}

export async function removeSchedule(
  { terminal, json }: Context,
  { store, scheduler }: ScheduleTools,
  name: string,
): Promise<void> {
  const found = await store.read(name).catch(async (error: unknown): Promise<Pick<Schedule, 'name' | 'by'>> => {
    if (error instanceof ScheduleFault && error.kind === 'unreadable') {
      return { name, by: await scheduler.choose('day') };
    }
    throw error;
  });
  await scheduler.uninstall(found);
  await store.remove(name);
  if (json === undefined) {
    terminal.say(t('Removed the schedule {0}. Its backups stay.', displayLine(name)));
  } else {
    json({ removed: name } satisfies CopiesAnswers['scheduleRemoved']);
  }
}

export async function runNow(context: Context, { store }: ScheduleTools, name: string): Promise<number> {
  const { call, terminal, json, interruption } = context;
  const found = await store.read(name);
  const last = await store.lastRun(name);
  const isWanted = !call.flags.has('if-due') || isDue(found, last?.startedAt, Date.now());
  if (!isWanted || (await store.isRunning(name, last))) {
    if (isWanted) {
      throw new CliError('busy', t('The schedule {0} is running already.', name));
    }
    return exitCode('done');
  }
  const run = await runSchedule(found, {
    store,
    program: [process.execPath, resolve(process.argv[1] ?? '')],
    environment: process.env,
    signal: interruption.signal,
  });
  const { exitCode: code = 0, messages } = run;
  messages.forEach((message) => terminal.tell(message));
  if (json === undefined) {
    terminal.say(endedText(name, run));
  } else {
    const [status] = (await readSchedules(store, Date.now())).schedules.filter((one) => one.schedule.name === name);
    // Its record may not be there: where the disk is full.
    const lastRun = { lastRun: run, state: stateOf(run, false) };
    json({
      schedules: status === undefined ? [] : [scheduleInfo({ ...status, ...lastRun }, true)],
    } satisfies CopiesAnswers['schedules']);
  }
  return code;
}

export async function listSchedules({ terminal, json }: Context, { store, scheduler }: ScheduleTools): Promise<void> {
  const { found: rows, unreadable } = await readInstalled(store, scheduler);
  unreadable.forEach((name) => terminal.tell(scheduleFaultText(new ScheduleFault('unreadable', name))));
  if (json !== undefined) {
    json({
      schedules: rows.map(({ status, installed }) => scheduleInfo(status, installed)),
    } satisfies CopiesAnswers['schedules']);
    return;
  }
  if (rows.length === 0) {
    terminal.tell(t('There are no schedules.'));
    return;
  }
  const titles = [t('Name'), t('VM'), t('Target'), t('Every'), t('Last run'), t('Result'), t('Next run')];
  terminal.sayTable(
    titles.map((title, at) => ({ title, rank: at === 2 ? 1 : 0 })),
    rows.map(({ status: { schedule: one, lastRun, state, nextAt } }) => [
      one.name,
      displayLine(one.system ?? one.vms.join(', ')),
      displayLine(withoutPassword(one.to)),
      one.every,
      lastRun === undefined ? '' : fullTime(lastRun.startedAt),
      stateText(state),
      nextAt === undefined ? '' : fullTime(nextAt),
    ]),
  );
  for (const { status, installed } of rows) {
    const { schedule: one, lastRun, missedAt } = status;
    lastRun?.messages.forEach((message) => terminal.tell(`${one.name}: ${displayLine(message, 2_000)}`));
    if (!installed) {
      terminal.tell(t('{0} is no longer known to {1}. Remove it, and add it again.', one.name, one.by));
    } else if (missedAt !== undefined) {
      terminal.tell(missedText(one.name, missedAt));
    }
  }
}
