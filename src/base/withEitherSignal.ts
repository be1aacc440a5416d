// One signal of several, for as long as a task takes.

/**
 * Aborted as soon as one of them is, with its reason. Nothing of it is left on them afterwards: what `AbortSignal.any`
 * gives is kept, with all that listens to it, as long as the longest-lived of its sources (nodejs/node#55351, #64476).
 */
export async function withEitherSignal<T>(
  signals: readonly (AbortSignal | undefined)[],
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const stops = signals.flatMap((signal) => {
    if (signal === undefined) {
      return [];
    }
    const stop = (): void => own.abort(signal.reason);
    if (signal.aborted) {
      stop();
    }
    signal.addEventListener('abort', stop, { once: true });
    return [() => signal.removeEventListener('abort', stop)];
  });
  try {
    return await task(own.signal);
  } finally {
    stops.forEach((stop) => stop());
  }
}
