// How times are written for people, the same in each language and place: in 24 hours, with the dates of ISO, in local
// time. What programs read has ISO's own form.

/** Clocks of computers differ by less, in milliseconds: what is dated later was by a clock that is wrong. */
export const mostAheadMs = 3_600_000;

/** Writes the time of a moment of today: `09:41`. @param at milliseconds since 1970 */
export function clockText(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** A day: `2026-11-20`. @param at milliseconds since 1970 */
export function dateText(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * In as few characters as tell it: `09:41` of today, else `11-20`, or `2024-11-20` of another year.
 *
 * @param at milliseconds since 1970
 * @param now milliseconds since 1970
 */
export function shortTime(at: number, now: number): string {
  const [day, today] = [dateText(at), dateText(now)];
  const year = today.slice(0, 5);
  return day === today ? clockText(at) : day.startsWith(year) ? day.slice(year.length) : day;
}

/**
 * A time that is to come: the day, and with it the time unless that is the last minute of the day.
 *
 * @param at milliseconds since 1970
 * @param now milliseconds since 1970
 */
export function untilText(at: number, now: number): string {
  const [day, time] = [dateText(at), clockText(at)];
  const isToday = day === dateText(now);
  return isToday ? time : time === '23:59' ? shortTime(at, now) : `${shortTime(at, now)} ${time}`;
}

/** `2026-11-20 09:41:07`. @param at milliseconds since 1970 */
export function fullTime(at: number): string {
  return `${dateText(at)} ${secondText(at)}`;
}

/** `09:41:07`. @param at milliseconds since 1970 */
export function secondText(at: number): string {
  return `${clockText(at)}:${two(new Date(at).getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
