// The schedules of backups of this user, and a run of one now.
import { t } from '@vscode/l10n';
import type { Log } from '../../../base/log.js';
import { stateFolder } from '../../../journal/stateFolder.js';
import type { VmView } from '../../../live/views.js';
import { runInTerminal } from '../../../ui/guest/terminals.js';
import { isFor } from '../backupsOfVm.js';
import { Scheduler } from '../schedules/installSchedule.js';
import type { ScheduleStatus } from '../schedules/schedule.js';
import { readSchedules, ScheduleStore } from '../schedules/scheduleStore.js';

export type Schedules = Awaited<ReturnType<typeof readSchedules>>;

/** The folder that the command line uses too, which adds schedules; empty where nobody's home is known. */
export const folderOfSchedules = stateFolder(process.env, '');

/** @param journal its folder */
export function schedulesIn(journal: string, log: Log): Promise<Schedules> {
  const scheduler = new Scheduler(process.env);
  return readSchedules(new ScheduleStore(journal, log), Date.now(), (...of) => scheduler.nextAfter(...of));
}

/** With no program asked: no next run of a calendar, nor a missed one. */
export async function lastRunsHere(log: Log): Promise<readonly ScheduleStatus[]> {
  return folderOfSchedules === ''
    ? []
    : (await readSchedules(new ScheduleStore(folderOfSchedules, log), Date.now())).schedules;
}

/** Those that back up this VM. */
export async function schedulesOf(view: VmView, log: Log): Promise<readonly ScheduleStatus[]> {
  const { schedules } = folderOfSchedules === '' ? { schedules: [] } : await schedulesIn(folderOfSchedules, log);
  return schedules.filter((status) => isFor(status, view));
}

/** As its timer does, where somebody can read what it says. */
export function runScheduleNow(name: string, log: Log): void {
  const say = 'echo "$1…" && exec /bin/sh "$0"';
  const script = new ScheduleStore(folderOfSchedules, log).scriptOf(name);
  runInTerminal(name, 'archive', '/bin/sh', ['-c', say, script, t('Running the schedule {0}', name)]);
}
