// The schedule of dates, where an editor may be what runs it.
import type { DatesPlace } from '../../../session/readers.js';
import * as timer from '../schedules/datesTimer.js';
import { runDueSchedules } from './runDue.js';

export async function ensureDates(place: DatesPlace): Promise<readonly string[]> {
  const lines = await timer.ensureDates(place);
  runDueSchedules(place.log);
  return lines;
}
