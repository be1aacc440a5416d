// Lets time pass.

/**
 * No plan waits for a second that is further off; then the clock was set back since, and that second is not near any
 * more.
 */
const mostMs = 4_000;

/**
 * Until the second is over on this computer's clock. Idempotent.
 * @throws the signal's reason
 */
export async function waitUntil(second: number, signal: AbortSignal, now: () => number = Date.now): Promise<void> {
  const end = (second + 1) * 1_000;
  // A timer may fire a little early.
  for (let left = end - now(); left > 0 && left <= mostMs; left = end - now()) {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      }, left);
      if (signal.aborted) {
        abort();
      } else {
        signal.addEventListener('abort', abort, { once: true });
      }
    });
  }
}
