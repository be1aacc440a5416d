// Removes the locks that restics of this computer left when they were killed. restic itself never does unasked.
import * as v from 'valibot';
import { parseAs, parseSoundJson } from '../../journal/json.js';
import { isLeft } from './restoreFolder.js';

const lock = v.object({
  time: v.string(),
  hostname: v.string(),
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
});

const mostLocks = 100;
/** `restic unlock` takes any lock of half an hour away; one that works renews its own every five minutes. */
const oldMs = 25 * 60_000;

/**
 * Where another computer may have slept for as long, its restic would go on without the lock, and nothing is removed.
 *
 * @param run restic's words. @returns whether some were removed
 */
export async function removeDeadLocks(run: (words: readonly string[]) => Promise<string>): Promise<boolean> {
  const ids = (await run(['list', 'locks', '--no-lock'])).split('\n').filter((line) => /^[\da-f]{64}$/u.test(line));
  if (ids.length > mostLocks) {
    return false;
  }
  let dead = 0;
  for (const id of ids) {
    const found = parseAs(lock, parseSoundJson(await run(['cat', 'lock', id, '--no-lock'])));
    const age = Date.now() - Date.parse(found?.time ?? '');
    if (found !== undefined && isLeft({ pid: found.pid, host: found.hostname })) {
      dead += 1;
    } else if (!(age < oldMs)) {
      return false;
    }
  }
  if (dead > 0) {
    await run(['unlock']);
  }
  return dead > 0;
}
