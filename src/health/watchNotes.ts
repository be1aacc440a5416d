// What the watch over the VMs' health must remember over a reload: what was told, what is snoozed, how much was free
// when. Pure and bounded; whatever it reads may be anybody's.
import { createHash } from 'node:crypto';
import { type FreeSample, mostSamples, withSample } from '../diagnosis/growth.js';

const hourMs = 60 * 60 * 1000;
/**
 * What was not found for so long is over: when it comes again, it is told again. Shorter, and a limit would be told at
 * each swing.
 */
const goneMs = hourMs;
const mostTold = 2_000;
const mostSnoozed = 500;
const mostRooms = 64;
const longestCheck = 40;
/** By hash. */
const keyPattern = /^[0-9a-f]{32}$/;

export interface ReportedNote {
  /** By hash, the VM that it was told of, and the check: who is not judged by it again does not forget it. */
  readonly vm: string;
  readonly check: string;
  /** Milliseconds since 1970 when it was first found to be gone; absent while it is there. */
  readonly goneSince?: number;
}

interface Snooze {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
}

export interface WatchNotes {
  readonly told: ReadonlyMap<string, ReportedNote>;
  readonly snoozed: ReadonlyMap<string, Snooze>;
  /** By connection and folder. */
  readonly rooms: ReadonlyMap<string, readonly FreeSample[]>;
}

export const noNotes: WatchNotes = { told: new Map(), snoozed: new Map(), rooms: new Map() };

/** Each sweep asks for the same ones again. */
const keys = new Map<string, string>();
const mostKeys = 5_000;

/** Names of VMs and files stay out of the notes, and nothing can be too long. */
export function noteKey(...parts: readonly string[]): string {
  const text = parts.length === 1 ? (parts[0] ?? '') : `\0${JSON.stringify(parts)}`;
  let key = keys.get(text);
  if (key === undefined) {
    key = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
    if (keys.size >= mostKeys) {
      keys.clear();
    }
    keys.set(text, key);
  }
  return key;
}

/**
 * | found now | judged now | told before | → |
 * |-----------|------------|-------------|---|
 * | yes       | –          | no, or gone for an hour | new: told |
 * | yes       | –          | yes         | stays told |
 * | no        | yes        | yes         | told until it is gone for an hour |
 * | no        | no (connection lost, VM busy, not looked at) | yes | stays told |
 *
 * @param found by key, what is wrong now and not snoozed
 * @param isJudged whether it would have been found, were it still there
 */
export function tell(
  notes: WatchNotes,
  found: ReadonlyMap<string, Pick<ReportedNote, 'vm' | 'check'>>,
  isJudged: (told: ReportedNote) => boolean,
  now: number,
): { readonly notes: WatchNotes; readonly fresh: ReadonlySet<string> } {
  const told = new Map<string, ReportedNote>();
  for (const [key, before] of notes.told) {
    const { vm, check, goneSince } = before;
    if (found.has(key)) {
      told.set(key, { vm, check });
    } else if (!isJudged(before)) {
      told.set(key, before);
    } else {
      // A clock that went back begins the hour anew.
      const since = goneSince === undefined || goneSince > now ? now : goneSince;
      if (now - since < goneMs) {
        told.set(key, { vm, check, goneSince: since });
      }
    }
  }
  const fresh = [...found].filter(([key]) => !told.has(key));
  const all = newest(new Map([...told, ...fresh]), mostTold);
  return { notes: { ...notes, told: all }, fresh: new Set(fresh.map(([key]) => key)) };
}

/** When it is over, what is still wrong is told again. */
export function withSnooze(notes: WatchNotes, keys: readonly string[], from: number, until: number): WatchNotes {
  const told = new Map([...notes.told].filter(([key]) => !keys.includes(key)));
  const others = [...notes.snoozed].filter(([key]) => !keys.includes(key));
  const snoozed = newest(new Map([...others, ...keys.map((key) => [key, { from, until }] as const)]), mostSnoozed);
  return { ...notes, told, snoozed };
}

/** A clock that went back does not make it longer than it was meant to be. */
export function isSnoozed({ snoozed }: WatchNotes, key: string, now: number): boolean {
  const snooze = snoozed.get(key);
  return snooze !== undefined && now < snooze.until && now >= snooze.from - hourMs;
}

export function withRoom(notes: WatchNotes, key: string, sample: FreeSample): WatchNotes {
  const before = notes.rooms.get(key) ?? [];
  const samples = withSample(before, sample);
  if (samples === before) {
    return notes;
  }
  const others = [...notes.rooms].filter(([other]) => other !== key);
  return { ...notes, rooms: newest(new Map([...others, [key, samples]]), mostRooms) };
}

function newest<V>(all: ReadonlyMap<string, V>, most: number): ReadonlyMap<string, V> {
  return all.size <= most ? all : new Map([...all].slice(-most));
}

export function writeNotes({ told, snoozed, rooms }: WatchNotes): unknown {
  return {
    version: 1,
    told: [...told].map(([key, { vm, check, goneSince }]) => [key, vm, check, goneSince ?? null]),
    snoozed: [...snoozed].map(([key, { from, until }]) => [key, from, until]),
    rooms: [...rooms],
  };
}

/** Whatever is not as it would have been written counts as not there. */
export function parseNotes(value: unknown): WatchNotes {
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) {
    return noNotes;
  }
  const rows = (name: string, most: number): readonly (readonly [string, ...unknown[]])[] => {
    const list: unknown = Reflect.get(value, name);
    return (Array.isArray(list) ? list : [])
      .slice(-most)
      .filter((row): row is [string, ...unknown[]] => Array.isArray(row) && isKey(row[0]));
  };
  return {
    told: new Map(
      rows('told', mostTold).flatMap(([key, vm, check, gone]) =>
        isKey(vm) && typeof check === 'string' && check.length <= longestCheck
          ? [[key, { vm, check, ...(isTime(gone) ? { goneSince: gone } : {}) }] as const]
          : [],
      ),
    ),
    snoozed: new Map(
      rows('snoozed', mostSnoozed).flatMap(([key, from, until]) =>
        isTime(from) && isTime(until) ? [[key, { from, until }] as const] : [],
      ),
    ),
    rooms: new Map(rows('rooms', mostRooms).map(([key, samples]) => [key, samplesIn(samples)])),
  };
}

function samplesIn(value: unknown): readonly FreeSample[] {
  return (Array.isArray(value) ? (value as readonly unknown[]) : [])
    .slice(-mostSamples)
    .flatMap((row) => (Array.isArray(row) && isTime(row[0]) && isTime(row[1]) ? [[row[0], row[1]] as const] : []))
    .sort((a, b) => a[0] - b[0]);
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && keyPattern.test(value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
