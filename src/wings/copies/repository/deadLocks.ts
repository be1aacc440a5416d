// Removes the locks that restics of this computer left when they were killed. restic itself never does unasked.
import * as promises from 'node:fs/promises';
import { lstat, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { ownFolder } from '../../../journal/durable.js';
import { parseAs, parseSoundJson } from '../../../journal/json.js';
import { sessionFolder } from '../../../session/sessionFolder.js';
import { isLeft } from '../../../journal/processMark.js';

const lock = v.object({
  time: v.string(),
  hostname: v.string(),
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
});

const mostLocks = 100;
/** `restic unlock` takes any lock of half an hour away; one that works renews its own every five minutes. */
const oldMs = 25 * 60_000;

/**
 * The numbers of the processes of restic that we started here and that have not ended by themselves. A lock names its
 * computer, but several computers may have one name.
 */
export class StartedRestics {
  readonly #environment: NodeJS.ProcessEnv;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** Where that cannot be written, its lock stays if it is killed, and is told. */
  async add(pid: number): Promise<void> {
    try {
      await ownFolder(promises, this.#folder);
      await writeFile(this.#fileOf(pid), '');
    } catch {
      await this.remove(pid);
    }
  }

  /** One that stays says nothing of a process that has ended without a lock. */
  async remove(pid: number): Promise<void> {
    await Promise.resolve()
      .then(() => rm(this.#fileOf(pid), { force: true }))
      .catch(() => undefined);
  }

  async has(pid: number): Promise<boolean> {
    return (await undefinedIfAbsent(lstat(this.#fileOf(pid)))) !== undefined;
  }

  get #folder(): string {
    return join(sessionFolder(this.#environment), 'restics');
  }

  #fileOf(pid: number): string {
    return join(this.#folder, String(pid));
  }
}

/**
 * Where another computer may have slept for as long, its restic would go on without the lock, and nothing is removed.
 *
 * @param run restic's words. @returns whether some were removed
 */
export async function removeDeadLocks(
  run: (words: readonly string[]) => Promise<string>,
  started: Pick<StartedRestics, 'has' | 'remove'>,
): Promise<boolean> {
  const ids = (await run(['list', 'locks', '--no-lock'])).split('\n').filter((line) => /^[\da-f]{64}$/u.test(line));
  if (ids.length > mostLocks) {
    return false;
  }
  const dead: number[] = [];
  for (const id of ids) {
    const found = parseAs(lock, parseSoundJson(await run(['cat', 'lock', id, '--no-lock'])));
    const age = Date.now() - Date.parse(found?.time ?? '');
    if (found !== undefined && (await isLeft({ pid: found.pid, host: found.hostname }))) {
      if (!(await started.has(found.pid))) {
        return false;
      }
      dead.push(found.pid);
    } else if (!(age < oldMs)) {
      return false;
    }
  }
  if (dead.length > 0) {
    await run(['unlock']);
    await Promise.all(dead.map((pid) => started.remove(pid)));
  }
  return dead.length > 0;
}
