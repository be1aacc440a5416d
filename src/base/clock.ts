// Time, so that a test can move it. It refuses to know what the time is for.
import { performance } from 'node:perf_hooks';
import { type Disposable, toDisposable } from './disposable.js';

export interface Clock {
  /** Milliseconds since 1970. Somebody may set it: what is to come in a while, or took a while, is told by `ticks`. */
  now(): number;
  /** Milliseconds that only grow. */
  ticks(): number;
  /** Calls `then` once after `ms`; disposing it before means never. */
  setTimer(ms: number, then: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  ticks: () => performance.now(),
  setTimer: (ms, then) => {
    const timer = setTimeout(then, ms);
    return toDisposable(() => clearTimeout(timer));
  },
};

/** Resolves with what `promise` gives, or with `late` after `ms`; the promise itself goes on. */
export async function within<T, L>(clock: Clock, ms: number, promise: Promise<T>, late: L): Promise<T | L> {
  let timer: Disposable | undefined;
  const limit = new Promise<L>((resolve) => {
    timer = clock.setTimer(ms, () => resolve(late));
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    timer?.dispose();
  }
}
