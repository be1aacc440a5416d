// Adds a schedule, or puts it in the place of the one of its name.
import type { Scheduler } from './installSchedule.js';
import type { Schedule } from './schedule.js';
import type { ScheduleStore } from './scheduleStore.js';

interface PutSchedule {
  readonly made: Schedule;
  /** Which it takes the place of. */
  readonly replaced: Schedule | undefined;
  readonly script: string;
}

/** @throws Failure: then all is as it was */
export async function putSchedule(
  store: ScheduleStore,
  scheduler: Scheduler,
  { made, replaced, script }: PutSchedule,
): Promise<void> {
  const place = store.scriptOf(made.name);
  if (replaced === undefined) {
    await store.add(made, script);
  } else {
    await store.replace(made, script);
  }
  try {
    await scheduler.install(made, place);
  } catch (error) {
    if (replaced === undefined) {
      await store.remove(made.name);
    } else {
      await store.replace(replaced);
      await scheduler.install(replaced, place);
    }
    throw error;
  }
  if (replaced !== undefined && replaced.by !== made.by) {
    await scheduler.uninstall(replaced);
  }
}
