// Sends at most so many bytes a second.
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when so many bytes more may be sent; at once where there is no limit. Rejects where the signal aborts. */
export type Pace = (bytes: number) => Promise<void>;

export function paceOf(bytesPerSecond: number | undefined, signal: AbortSignal): Pace {
  let free = 0;
  return async (bytes) => {
    if (bytesPerSecond === undefined) {
      return;
    }
    const now = performance.now();
    // What was not sent while the line was slow is not made up for.
    const at = Math.max(free, now);
    free = at + (bytes / bytesPerSecond) * 1_000;
    await (at > now ? delay(at - now, undefined, { signal }) : undefined);
  };
}
