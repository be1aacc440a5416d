// How long something is kept, as people write it: an age, a day or a time. Pure.
import { mostAheadMs } from './clockText.js';
import { type RefusedDecision, refuse } from './refusal.js';
import type { SnapshotTree } from './snapshot.js';

/** No date is given by a clock that is or was wrong: what it calls the future may be over. */
export function clockRefusal(
  { name: vm }: { readonly name: string },
  { snapshots }: Pick<SnapshotTree, 'snapshots'>,
  now: number,
): RefusedDecision | undefined {
  const ahead = snapshots.find(({ createdAt }) => createdAt > now + mostAheadMs);
  return ahead && refuse('datedAhead', { vm, snapshot: ahead.title, at: String(ahead.createdAt) });
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `12h`, `3d`, `2w` in milliseconds; undefined: it is none. */
export function parseAge(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,4})([hdw])$/u.exec(text) ?? [];
  const ms = Number(digits) * (units[unit] ?? Number.NaN);
  return Number.isNaN(ms) ? undefined : ms;
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/**
 * By the clock of this computer. A day lasts until its last second.
 *
 * | written                              | is                                     |
 * |--------------------------------------|----------------------------------------|
 * | `12h`, `3d`, `2w`                    | so long from now                       |
 * | `today`, `tomorrow`                  | that day                               |
 * | `friday`, `fri`                      | the next one after today               |
 * | `2026-12-24`                         | that day                               |
 * | `2026-12-24 18:00`, `2026-12-24T18:00` | that time                            |
 * | `18:00`                              | that time today                        |
 * | any of these that is over            | past                                   |
 * | anything else, as `2026-02-30`       | unclear                                |
 */
export function parseUntil(written: string, now: number): number | 'past' | 'unclear' {
  const text = written.trim().toLowerCase();
  const age = parseAge(text);
  const at = age === undefined ? parseDay(text, new Date(now)) : now + age;
  return at === undefined ? 'unclear' : at <= now ? 'past' : at;
}

function parseDay(text: string, today: Date): number | undefined {
  const [year, month, day] = [today.getFullYear(), today.getMonth(), today.getDate()];
  const endOf = (days: number): number => new Date(year, month, day + days, 23, 59, 59).getTime();
  const weekday = text.length < 3 ? -1 : weekdays.findIndex((name) => name === text || name.slice(0, 3) === text);
  if (weekday >= 0) {
    return endOf((weekday - today.getDay() + 7) % 7 || 7);
  }
  if (text === 'today' || text === 'tomorrow') {
    return endOf(text === 'today' ? 0 : 1);
  }
  const [, date, time] = /^(?:(\d{4}-\d\d-\d\d)(?:[ t](?=\d)|$))?(\d{1,2}:\d\d)?$/u.exec(text) ?? [];
  const [hours, minutes] = time === undefined ? [23, 59] : (time.split(':').map(Number) as [number, number]);
  const [y, m, d] =
    date === undefined ? [year, month + 1, day] : (date.split('-').map(Number) as [number, number, number]);
  const at = new Date(y, m - 1, d, hours, minutes, time === undefined ? 59 : 0);
  const isDay = at.getFullYear() === y && at.getMonth() === m - 1 && at.getDate() === d;
  return (date ?? time) !== undefined && isDay && minutes < 60 ? at.getTime() : undefined;
}
