// The one schedule that deletes what was kept until a date, on all VMs: added with the first date.
import { displayLine } from '../../../domain/plainText.js';
import { failureText } from '../../../text/failures/failureText.js';
import { asFailure } from '../../../domain/asFailure.js';
import { t } from '@vscode/l10n';
import type { DatesPlace } from '../../../session/readers.js';
import { Scheduler } from './installSchedule.js';
import { putSchedule } from './putSchedule.js';
import type { Schedule } from './schedule.js';
import { launchEnvironment, writeScript } from './scheduleFiles.js';
import { ScheduleStore } from './scheduleStore.js';
import { lingerLines } from './scheduleText.js';

const name = 'dates';

/**
 * Never rejects: where nothing can be installed, it says so, and the date stays.
 *
 * @returns what a person should know; nothing where it is there already
 */
export async function ensureDates({ folder, environment, program, log }: DatesPlace): Promise<readonly string[]> {
  const store = new ScheduleStore(folder, log);
  try {
    if ((await store.names()).includes(name)) {
      return [];
    }
    const scheduler = new Scheduler(environment);
    const by = await scheduler.choose('hour');
    const made: Schedule = { name, vms: [], every: 'hour', keep: {}, by, madeAt: Date.now() };
    const script = writeScript(made, { node: process.execPath, program, environment: launchEnvironment(environment) });
    await putSchedule(store, scheduler, { made, replaced: undefined, script });
    const what = t('Added the schedule {0} ({1}): every hour, it deletes snapshots whose date is over.', name, by);
    return [what, ...lingerLines(by)];
  } catch (error) {
    const { sentence } = failureText(asFailure(error));
    return [t('Nothing deletes snapshots whose date is over by itself: {0}', displayLine(sentence, 500))];
  }
}
