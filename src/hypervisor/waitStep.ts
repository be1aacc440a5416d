// Lets time pass. Knows nothing of VMs.

/** Node fires at once for one that is too long for it. */
const longestTimerMs = 60_000;

/**
 * Until the second is over on this computer's clock. Idempotent.
 * @throws the signal's reason
 */
export async function waitUntil(second: number, signal: AbortSignal, now: () => number = Date.now): Promise<void> {
  const end = (second + 1) * 1_000;
  // A timer may fire a little early.
  for (let left = end - now(); left > 0; left = end - now()) {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(
        () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
        Math.min(left, longestTimerMs),
      );
      if (signal.aborted) {
        abort();
      } else {
        signal.addEventListener('abort', abort, { once: true });
      }
    });
  }
}
