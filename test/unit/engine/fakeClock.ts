// A clock that stands still until a test moves it.
import type { Clock } from '../../../src/base/clock.js';
import { toDisposable } from '../../../src/base/disposable.js';

export class FakeClock implements Clock {
  #now = 1_800_000_000_000;
  #ticks = 1_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly then: () => void }>();

  now(): number {
    return this.#now;
  }

  ticks(): number {
    return this.#ticks;
  }

  /** As somebody who sets a clock: no time has passed. */
  set(now: number): void {
    this.#now = now;
  }

  /** Timers that have not run: what would happen by itself if time went on. */
  get pending(): number {
    return this.#timers.size;
  }

  setTimer(ms: number, then: () => void): { dispose(): void } {
    const timer = { at: this.#ticks + ms, then };
    this.#timers.add(timer);
    return toDisposable(() => this.#timers.delete(timer));
  }

  /** Moves on, timer by timer; everything that a timer sets off has settled before the next one runs. */
  async advance(ms: number): Promise<void> {
    const end = this.#ticks + ms;
    await settled();
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) {
        break;
      }
      this.#timers.delete(next);
      this.#pass(Math.max(0, next.at - this.#ticks));
      next.then();
      await settled();
    }
    this.#pass(end - this.#ticks);
  }

  #pass(ms: number): void {
    this.#ticks += ms;
    this.#now += ms;
  }
}

/** Resolves when all that hangs on resolved promises has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
