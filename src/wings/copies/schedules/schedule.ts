// A schedule of backups, of snapshots, or of what has expired; its last run, and when the next one is due. Pure.
import * as v from 'valibot';
import { count } from '../../../journal/json.js';
import { writerShape } from '../../../journal/writer.js';
import { keepPeriods } from '../repository/pruneBackups.js';

const line = v.pipe(v.string(), v.minLength(1), v.maxLength(4_096));

export const scheduleShape = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z\d][a-z\d-]{0,39}$/u)),
  /** All VMs of it are backed up as a set. */
  system: v.exactOptional(line),
  /**
   * As they were named; of a system, those that it had when the schedule was added. None: all VMs with a snapshot that
   * is kept until a date.
   */
  vms: v.pipe(v.array(line), v.maxLength(1_000)),
  /** What these were when the schedule was added; absent in older ones. Other hosts have VMs of the same names. */
  refs: v.exactOptional(v.pipe(v.array(v.object({ connection: line, uuid: line })), v.maxLength(1_000))),
  /** The repository; absent: it takes snapshots, and deletes what has expired. */
  to: v.exactOptional(line),
  /** `hour`, `day`, `week`, or a calendar expression of systemd. */
  every: line,
  keep: v.record(v.picklist(keepPeriods), count),
  /**
   * What each backup is asked for beside: a checkpoint first, and how many of these stay. Without a repository, the
   * snapshot that each run takes.
   */
  checkpoint: v.exactOptional(
    v.object({
      kind: v.exactOptional(v.picklist(['memory', 'disk'])),
      quiesce: v.exactOptional(v.literal(true)),
      keep: v.exactOptional(count),
    }),
  ),
  by: v.picklist(['systemd', 'cron', 'editor']),
  madeAt: count,
  connect: v.exactOptional(line),
  passwordFile: v.exactOptional(line),
  /** A program that is told of a run that failed. */
  onFailure: v.exactOptional(line),
});

export type Schedule = v.InferOutput<typeof scheduleShape>;

export const mostMessages = 1_000;

export const runShape = v.object({
  startedAt: count,
  by: writerShape,
  /** Absent: it runs, or was interrupted. */
  endedAt: v.exactOptional(count),
  exitCode: v.exactOptional(count),
  /** Why it failed, a line for each VM. */
  messages: v.pipe(v.array(v.string()), v.maxLength(mostMessages)),
  /** The IDs of the backups. */
  backups: v.pipe(v.array(v.string()), v.maxLength(1_000)),
  /** The UUIDs of the VMs that were backed up; absent in runs of older versions. */
  vms: v.exactOptional(v.pipe(v.array(v.string()), v.maxLength(1_000))),
  deleted: count,
  /** How many snapshots and restore points it took; absent: it backs up. */
  snapshots: v.exactOptional(count),
  /** When the first of the runs before it began that failed for the same reasons; absent: no such was. */
  sameSince: v.exactOptional(count),
  /** What the backups at its target take; absent where that could not be measured. */
  repositoryBytes: v.exactOptional(count),
});

export type ScheduledRun = v.InferOutput<typeof runShape>;

export type RunState = 'never' | 'running' | 'done' | 'failed' | 'interrupted';

export interface ScheduleStatus {
  readonly schedule: Schedule;
  readonly lastRun?: ScheduledRun;
  readonly state: RunState;
  /** Undefined where its calendar cannot be read here. */
  readonly nextAt?: number;
  /** When a run should have started that did not. */
  readonly missedAt?: number;
}

const periods = ['hour', 'day', 'week'] as const;

export function isPeriod(every: string): every is (typeof periods)[number] {
  return periods.some((one) => one === every);
}

/** What systemd calls it. */
export function calendarOf(every: string): string {
  return isPeriod(every) ? { hour: 'hourly', day: 'daily', week: 'weekly' }[every] : every;
}

export function scheduleName(vm: string, every: string): string {
  const part = (text: string): string => text.toLowerCase().replace(/[^a-z\d]+/gu, '-');
  return `${part(vm)}-${isPeriod(every) ? every : 'calendar'}`.replace(/^-+/u, '').slice(-40).replace(/^-+/u, '');
}

/** The next hour, midnight, or midnight before a Monday after a time, by the clock of this computer. */
export function nextAfter(every: string, at: number): number | undefined {
  const date = new Date(at);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  switch (every) {
    case 'hour':
      // Not by the fields of a date: one hour comes twice, and one never.
      return at - (at % 60_000) - date.getMinutes() * 60_000 + 3_600_000;
    case 'day':
      return new Date(year, month, day + 1).getTime();
    case 'week':
      return new Date(year, month, day + ((8 - date.getDay()) % 7 || 7)).getTime();
    default:
      return undefined;
  }
}

/** cron makes up for no missed run, so it asks every hour. A start in the future is of a clock that was set back. */
export function isDue({ every }: Schedule, startedAt: number | undefined, now: number): boolean {
  const next = startedAt === undefined || startedAt > now ? 0 : (nextAfter(every, startedAt) ?? 0);
  return next <= now;
}

/** systemd starts a unit up to a minute late, and both wait for a computer that is just starting. */
const lateMs = 15 * 60_000;

/** @param next starts a program where the calendar is one of systemd */
export async function statusOf(
  schedule: Schedule,
  lastRun: ScheduledRun | undefined,
  { isAlive, now, next }: { isAlive: boolean; now: number; next: (at: number) => Promise<number | undefined> },
): Promise<ScheduleStatus> {
  const state = stateOf(lastRun, isAlive);
  const expected = await next(lastStart(schedule, lastRun, now));
  const isMissed = state !== 'running' && expected !== undefined && expected + lateMs < now;
  const nextAt = isMissed ? await next(now) : expected;
  return {
    ...{ schedule, state },
    ...(lastRun !== undefined && { lastRun }),
    ...(nextAt !== undefined && { nextAt }),
    ...(isMissed && { missedAt: expected }),
  };
}

/** The time of the last run, or of the creation or last change. Not later than now: a clock may have been set back. */
function lastStart({ madeAt }: Schedule, lastRun: ScheduledRun | undefined, now: number): number {
  return Math.min(now, Math.max(madeAt, lastRun?.startedAt ?? 0));
}

export function stateOf(run: ScheduledRun | undefined, isAlive: boolean): RunState {
  return run === undefined
    ? 'never'
    : run.endedAt === undefined
      ? isAlive
        ? 'running'
        : 'interrupted'
      : run.exitCode === 0
        ? 'done'
        : 'failed';
}

/** A backup that fails is told each time; why no snapshot is taken, once for as long as it is so. */
export function isTold({ to }: Pick<Schedule, 'to'>, { sameSince }: Pick<ScheduledRun, 'sameSince'>): boolean {
  return to === undefined && sameSince !== undefined;
}

/** A rule counts all backups of a VM in a repository, so those of another schedule go by it too. */
export function isRuledTwice(one: Schedule, other: Schedule): boolean {
  const hasRule = [one, other].some(({ keep }) => Object.keys(keep).length > 0);
  return hasRule && one.name !== other.name && one.to !== undefined && one.to === other.to && sharesVm(one, other);
}

/** A repository tells VMs apart by their UUIDs; names are of help where an older version has not noted these. */
function sharesVm(one: Schedule, other: Schedule): boolean {
  return one.refs === undefined || other.refs === undefined
    ? one.vms.some((vm) => other.vms.includes(vm))
    : one.refs.some(({ uuid }) => other.refs?.some((ref) => ref.uuid === uuid));
}

/** What `systemd-analyze calendar` says is the next time. */
export function parseNextElapse(text: string): number | undefined {
  const at = (label: string): number =>
    Date.parse(
      (
        new RegExp(`${label}: \\w+ (\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d)(?:\\.\\d+)? UTC`, 'u').exec(text)?.[1] ??
        ''
      )
        .replace(' ', 'T')
        .concat('Z'),
    );
  // The first is in local time, which may be UTC.
  return [at('\\(in UTC\\)'), at('Next elapse')].find((one) => !Number.isNaN(one));
}
