// The schedules in the state folder, each in a folder of its own with its last run.
import * as promises from 'node:fs/promises';
import { chmod, mkdtemp, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Log } from '../../../base/log.js';
import { hasCode, undefinedIfAbsent } from '../../../base/errno.js';
import { type DiskLock, removeEarlierHolders, takeLock } from '../../../journal/diskLock.js';
import { ownFolder, replaceFile, syncFolder } from '../../../journal/durable.js';
import { parseAs, writeJson } from '../../../journal/json.js';
import { NotesFile } from '../../../journal/notesFile.js';
import { isAlive, thisWriter } from '../../../journal/writer.js';
import {
  nextAfter,
  runShape,
  type Schedule,
  type ScheduledRun,
  scheduleShape,
  type ScheduleStatus,
  statusOf,
} from './schedule.js';
import { scheduleFailure } from './scheduleFailure.js';
import { isOfWing } from '../../../domain/failure.js';

const mostBytes = 4 * 1024 * 1024;
const [claimPrefix, claimsKept] = ['told-', 20];
/** Before the name of what is not a schedule yet. */
const begunPrefix = '.new-';
/** Longer than any takes to be written. */
const begunLastsMs = 600_000;
const [scheduleFile, runFile, scriptFile] = ['schedule.json', 'lastRun.json', 'run.sh'];

export class ScheduleStore {
  readonly #folder: string;
  readonly #log: Log;

  /** @param state the folder of the journal */
  constructor(state: string, log: Log) {
    this.#folder = join(state, 'schedules');
    this.#log = log;
  }

  scriptOf(name: string): string {
    return join(this.#folder, name, scriptFile);
  }

  /** The file with its last run. */
  recordOf(name: string): string {
    return join(this.#folder, name, runFile);
  }

  async names(): Promise<readonly string[]> {
    const all = (await undefinedIfAbsent(readdir(this.#folder))) ?? [];
    return all.filter((name) => !name.startsWith(begunPrefix)).sort();
  }

  /** @throws Failure */
  async read(name: string): Promise<Schedule> {
    if (!(await this.names()).includes(name)) {
      throw scheduleFailure('unknown', { about: name });
    }
    const schedule = parseAs(scheduleShape, await this.#file(name, scheduleFile).read());
    if (schedule?.name !== name) {
      throw scheduleFailure('unreadable', { about: name });
    }
    return schedule;
  }

  async lastRun(name: string): Promise<ScheduledRun | undefined> {
    return parseAs(runShape, await this.#file(name, runFile).read());
  }

  async isRunning(name: string, run: ScheduledRun | undefined): Promise<boolean> {
    const word = { fs: promises, folder: join(this.#folder, name), file: this.recordOf(name) };
    return run !== undefined && run.endedAt === undefined && isAlive(run.by, await thisWriter(), word);
  }

  /**
   * One process at a time runs it. Where that cannot be written down, as on a full disk, each may.
   * @throws Failure `unknown`
   */
  async hold(name: string): Promise<DiskLock | 'busy'> {
    await this.#removeBegun();
    const folder = join(this.#folder, name);
    try {
      const isThere = (await this.names()).includes(name);
      const lock = isThere ? await takeLock(promises, folder, await thisWriter(), runFile) : 'gone';
      if (lock === 'gone') {
        throw scheduleFailure('unknown', { about: name });
      }
      if (lock !== 'busy') {
        await removeEarlierHolders(promises, folder);
      }
      return lock;
    } catch (error) {
      if (isOfWing(error, 'schedules')) {
        throw error;
      }
      this.#log.warn(`${folder} cannot be written: ${String(error)}`);
      return { release: () => Promise.resolve() };
    }
  }

  /** Removes what processes that were killed had begun to add. */
  async #removeBegun(): Promise<void> {
    const all = (await undefinedIfAbsent(readdir(this.#folder))) ?? [];
    for (const name of all.filter((one) => one.startsWith(begunPrefix))) {
      const path = join(this.#folder, name);
      const { mtimeMs = Infinity } = (await undefinedIfAbsent(stat(path))) ?? {};
      if (Date.now() - mtimeMs > begunLastsMs) {
        await rm(path, { recursive: true, force: true });
      }
    }
  }

  /** It is there as a whole, or not at all: others look at any moment. @throws Failure `taken` */
  async add(schedule: Schedule, script: string): Promise<void> {
    const folder = join(this.#folder, schedule.name);
    await ownFolder(promises, this.#folder);
    if ((await undefinedIfAbsent(readdir(folder))) !== undefined) {
      throw scheduleFailure('taken', { about: schedule.name });
    }
    await this.#removeBegun();
    const begun = await mkdtemp(join(this.#folder, begunPrefix));
    try {
      const name = basename(begun);
      await writeFile(this.scriptOf(name), script, { mode: 0o700, flush: true });
      await chmod(this.scriptOf(name), 0o700);
      await this.#write(name, scheduleFile, schedule);
      await rename(begun, folder);
    } catch (error) {
      await rm(begun, { recursive: true, force: true });
      throw hasCode(error, 'ENOTEMPTY', 'EEXIST') ? scheduleFailure('taken', { about: schedule.name }) : error;
    }
    await syncFolder(promises, this.#folder);
  }

  /** Its last run stays. @param script absent: as it was */
  async replace(schedule: Schedule, script?: string): Promise<void> {
    const { name } = schedule;
    await this.#write(name, scheduleFile, schedule);
    if (script !== undefined) {
      await writeFile(this.scriptOf(name), script, { mode: 0o700, flush: true });
    }
  }

  async writeRun(name: string, run: ScheduledRun): Promise<void> {
    await this.#write(name, runFile, run);
  }

  /**
   * Whether this process is the one that tells of a run: one of all editors is, and it is only once. Where that cannot
   * be written down, each of them is; none is where the schedule was removed meanwhile.
   *
   * @param id of the news: a word and, where there is one, a time in milliseconds
   */
  async claimNews(name: string, id: string): Promise<boolean> {
    const folder = join(this.#folder, name);
    const claim = `${claimPrefix}${id.replaceAll(' ', '-')}`;
    try {
      await (await open(join(folder, claim), 'wx', 0o600)).close();
    } catch (error) {
      if (hasCode(error, 'EEXIST', 'ENOENT')) {
        return false;
      }
      this.#log.warn(`${join(folder, claim)} cannot be written: ${String(error)}`);
      return true;
    }
    // Another editor may be about to tell of the last few.
    const older = ((await undefinedIfAbsent(readdir(folder))) ?? []).filter(
      (one) => one.startsWith(claimPrefix) && one !== claim,
    );
    const timeOf = (one: string): number => Number(one.split('-').at(-1)) || 0;
    for (const one of older.sort((first, other) => timeOf(other) - timeOf(first)).slice(claimsKept)) {
      await rm(join(folder, one), { force: true });
    }
    return true;
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { recursive: true, force: true });
  }

  async #write(name: string, file: string, value: unknown): Promise<void> {
    await replaceFile(promises, join(this.#folder, name, file), writeJson(value), this.#log);
  }

  #file(name: string, file: string): NotesFile {
    return new NotesFile(join(this.#folder, name, file), mostBytes, this.#log);
  }
}

/**
 * All of them with their last run, as the state folder tells it.
 *
 * @param next of a calendar of systemd, where it is asked
 */
export async function readSchedules(
  store: ScheduleStore,
  now: number,
  next: (every: string, at: number) => Promise<number | undefined> = () => Promise.resolve(undefined),
): Promise<{ readonly schedules: readonly ScheduleStatus[]; readonly unreadable: readonly string[] }> {
  const found = { schedules: [] as ScheduleStatus[], unreadable: [] as string[] };
  for (const name of await store.names()) {
    try {
      found.schedules.push(await readStatus(store, name, { now, next }));
    } catch (error) {
      if (!isOfWing(error, 'schedules')) {
        throw error;
      }
      found.unreadable.push(name);
    }
  }
  return found;
}

async function readStatus(
  store: ScheduleStore,
  name: string,
  { now, next }: { now: number; next: (every: string, at: number) => Promise<number | undefined> },
): Promise<ScheduleStatus> {
  const schedule = await store.read(name);
  const lastRun = await store.lastRun(name);
  const isAlive = await store.isRunning(name, lastRun);
  const { every } = schedule;
  return statusOf(schedule, lastRun, { isAlive, now, next: async (at) => nextAfter(every, at) ?? next(every, at) });
}
