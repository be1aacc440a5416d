// Which process writes, and whether one that wrote is still there.
import { randomBytes } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname, uptime } from 'node:os';
import { hasCode } from '../base/errno.js';
import * as v from 'valibot';
import { changedAt, clockOf, type FileSystem } from './durable.js';
import type { Writer } from './entry.js';
import { count } from './json.js';

const dayMs = 24 * 60 * 60 * 1000;
/** How far two readings of the time of the same boot lie apart, at most, when a clock is set in between. */
const bootSpreadSeconds = 120;
const session = randomBytes(8).toString('hex');

/** A name is shown as it stands: a longer one is none. */
const maxEditorLength = 100;

export const writerShape = v.object({
  pid: v.pipe(count, v.minValue(1)),
  startTime: v.exactOptional(count),
  boot: v.string(),
  pidNamespace: v.exactOptional(v.string()),
  host: v.string(),
  editor: v.exactOptional(v.pipe(v.string(), v.maxLength(maxEditorLength))),
  session: v.string(),
}) satisfies v.GenericSchema<unknown, Writer>;

export async function thisWriter(editor?: string): Promise<Writer> {
  const [startTime, bootId, pidNamespace] = await Promise.all([
    startTimeOf(process.pid),
    undefinedIfUnreadable(readFile('/proc/sys/kernel/random/boot_id', 'utf8')),
    undefinedIfUnreadable(readlink('/proc/self/ns/pid')),
  ]);
  return {
    pid: process.pid,
    ...(typeof startTime === 'number' ? { startTime } : {}),
    boot: bootId?.trim() ?? String(Math.round(Date.now() / 1000 - uptime())),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    host: hostname(),
    ...(editor === undefined ? {} : { editor: editor.slice(0, maxEditorLength) }),
    session,
  };
}

/** Another process of this computer; undefined where it has ended. */
export async function markOf(pid: number): Promise<Writer | undefined> {
  const [{ editor: _, ...us }, startTime] = await Promise.all([thisWriter(), startTimeOf(pid)]);
  return typeof startTime === 'number' ? { ...us, pid, startTime } : undefined;
}

/** Whether this very process is there and can be seen from here: only such a one may be ended. */
export async function isSeen({ pid, startTime, boot, pidNamespace }: Writer): Promise<boolean> {
  const us = await thisWriter();
  return (
    boot === us.boot &&
    pidNamespace === us.pidNamespace &&
    startTime !== undefined &&
    (await startTimeOf(pid)) === startTime
  );
}

/** When a process last wrote, and where: by which clock that is. */
export interface LastWrite {
  readonly fs: FileSystem;
  readonly folder: string;
  readonly file: string;
}

/**
 * | boot    | process numbers | host  | start time | lives while                                     |
 * |---------|-----------------|-------|------------|-------------------------------------------------|
 * | ours    | ours            | any   | known      | the process with that number started then       |
 * | ours    | ours            | any   | unknown    | a process has that number, a day after its word; if the number is ours: it is us |
 * | ours    | others'         | any   | any        | a day after its last word: it cannot be seen    |
 * | other   | any             | ours  | any        | never: the machine was started anew             |
 * | other, both reckoned from a clock | any | ours | any | a process has that number, a day after its word: the clock may have been set |
 * | other   | any             | other | any        | a day after its last word: it cannot be seen    |
 *
 * The day is one by the clock of the file system. A word from more than a day ahead was written before that clock was
 * set back, and counts as one from long ago: to wait until the clock comes there may take years.
 *
 * @param word or the milliseconds since then, where these are found another way
 */
export async function isAlive(writer: Writer, us: Writer, word: LastWrite | (() => Promise<number>)): Promise<boolean> {
  const isOfToday = async (): Promise<boolean> =>
    Math.abs(await (typeof word === 'function' ? word() : sinceWord(word))) < dayMs;
  if (!sameBoot(writer.boot, us.boot)) {
    const isUnsure = writer.host !== us.host || (isReckoned(writer.boot) && isReckoned(us.boot) && isThere(writer.pid));
    return isUnsure && isOfToday();
  }
  if (writer.pidNamespace !== us.pidNamespace) {
    return isOfToday();
  }
  const startTime = await startTimeOf(writer.pid);
  if (startTime === 'gone') {
    return false;
  }
  if (startTime !== undefined && writer.startTime !== undefined) {
    return startTime === writer.startTime;
  }
  return writer.pid === us.pid ? writer.session === us.session : isOfToday();
}

async function sinceWord({ fs, folder, file }: LastWrite): Promise<number> {
  const [now, at] = await Promise.all([clockOf(fs, folder), changedAt(fs, file)]);
  return now - at;
}

/** Whether a process of this computer has ended, as far as that can be seen. */
export async function hasEnded(pid: number): Promise<boolean> {
  return (await startTimeOf(pid)) === 'gone';
}

/** Undefined where the system does not tell. A process that is dead and not yet collected by its parent is gone. */
async function startTimeOf(pid: number): Promise<number | 'gone' | undefined> {
  const stat = await undefinedIfUnreadable(readFile(`/proc/${pid}/stat`, 'utf8'));
  if (stat === undefined) {
    return isThere(pid) ? undefined : 'gone';
  }
  // The name of the program, in parentheses, may hold anything; what follows is separated by single spaces.
  const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? 'gone' : Number(fields[18]);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It may belong to another user, which is not to be absent.
    return hasCode(error, 'EPERM');
  }
}

function isReckoned(boot: string): boolean {
  return /^\d+$/.test(boot);
}

function sameBoot(a: string, b: string): boolean {
  return a === b || Math.abs(Number(a) - Number(b)) <= bootSpreadSeconds;
}

async function undefinedIfUnreadable<T>(value: Promise<T>): Promise<T | undefined> {
  try {
    return await value;
  } catch {
    return undefined;
  }
}
