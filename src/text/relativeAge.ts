// How long ago something was, as short as a row has room for. Knows no clock: both times are handed in.
import { t } from '@vscode/l10n';
import { timeOf } from '../domain/snapshotTime.js';
import { decimalText } from './numberText.js';
import type { VmView } from '../live/views.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;
const month = 30.44 * day;
const year = 365.25 * day;

/**
 * | age               | text                         |
 * |-------------------|------------------------------|
 * | before libvirt    | time unknown (a clock that had lost it, or no time at all) |
 * | future            | in the future (a clock was wrong, then or now) |
 * | some minutes ahead, < 1 min | now (clocks of two computers differ) |
 * | < 1 h             | 5 min                        |
 * | < 1 day           | 2 h                          |
 * | < 2 weeks         | 3 days                       |
 * | < 2 months        | 5 weeks                      |
 * | < 2 years         | 7 months                     |
 * | older             | 3 years                      |
 *
 * @param at milliseconds since 1970
 * @param now milliseconds since 1970
 */
export function relativeAge(at: number, now: number): string {
  const age = now - at;
  switch (timeOf(at, now)) {
    case 'beforeLibvirt':
      return t('time unknown');
    case 'future':
      return t('in the future');
    case 'plausible':
      break;
  }
  if (age < minute) {
    return t('now');
  }
  if (age < hour) {
    return t('{0} min', Math.floor(age / minute));
  }
  if (age < day) {
    return t('{0} h', Math.floor(age / hour));
  }
  if (age < 2 * week) {
    return age < 2 * day ? t('1 day') : t('{0} days', Math.floor(age / day));
  }
  if (age < 2 * month) {
    return t('{0} weeks', Math.floor(age / week));
  }
  return age < 2 * year ? t('{0} months', Math.floor(age / month)) : t('{0} years', Math.floor(age / year));
}

/** The same as a phrase: `just now`, `3 days ago`, `at an unknown time`. */
export function agoText(at: number, now: number): string {
  switch (timeOf(at, now)) {
    case 'beforeLibvirt':
      return t('at an unknown time');
    case 'future':
      return t('in the future, by this computer’s clock');
    case 'plausible':
      return now - at < minute ? t('just now') : t('{0} ago', relativeAge(at, now));
  }
}

/** Says when something was last heard of, in steps of ten seconds, so that rows do not flicker. */
export function lastSeenText(at: number, now: number): string {
  const seconds = Math.floor((now - at) / 10_000) * 10;
  if (seconds < 10) {
    return t('last seen just now');
  }
  return t('last seen {0} ago', seconds < 60 ? t('{0} s', seconds) : relativeAge(at, now));
}

/** A span of time in a sentence: `less than 0.1 s`, `0.9 s`, `3.2 s`, `48 s`, `2 min 5 s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 50) {
    return t('less than 0.1 s');
  }
  const seconds = Math.round(milliseconds / 100) / 10;
  return seconds < 10 ? t('{0} s', decimalText(seconds)) : elapsedText(milliseconds);
}

/** What stands behind “about”: as `durationText`, but `0.03 s` for what is shorter than it can say. */
export function estimateText(milliseconds: number): string {
  return milliseconds < 50
    ? t('{0} s', decimalText(Math.max(1, Math.round(milliseconds / 10)) / 100))
    : durationText(milliseconds);
}

/** How far a clock is behind, behind “about”. */
export function behindText(milliseconds: number): string {
  const now = Date.now();
  return milliseconds < 60_000 ? durationText(milliseconds) : relativeAge(now - milliseconds, now);
}

/** What was measured, as a fact of its own: `143 ms`, `3.2 s`. */
export function measuredText(milliseconds: number): string {
  return milliseconds < 1_000 ? t('{0} ms', Math.max(0, Math.round(milliseconds))) : durationText(milliseconds);
}

/** A span of time that a row counts up: whole seconds. */
export function elapsedText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 60) {
    return t('{0} s', seconds);
  }
  const minutes = Math.floor(seconds / 60);
  return seconds % 60 === 0 ? t('{0} min', minutes) : t('{0} min {1} s', minutes, seconds % 60);
}

/** @param at, now milliseconds since 1970: when the rows were written, and now */
export function ageTextChanged({ tree }: Pick<VmView, 'tree'>, at: number, now: number): boolean {
  const ageText = (createdAt: number, when: number): string => relativeAge(createdAt, when);
  return tree?.snapshots.some(({ createdAt }) => ageText(createdAt, at) !== ageText(createdAt, now)) === true;
}
