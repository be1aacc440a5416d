// What makes rows read differently by time alone: running operations by the second, ages by the minute. Knows no row.
import type { Disposable } from '../../base/disposable.js';

/** An operation's elapsed time counts in seconds. */
const tickMs = 1_000;
/** The finest age that a row shows is a minute. */
const ageMs = 60_000;

export class RowTimers implements Disposable {
  readonly #tick: () => void;
  readonly #age: () => void;
  #ticking: NodeJS.Timeout | undefined;
  #aging: NodeJS.Timeout | undefined;

  constructor(tick: () => void, age: () => void) {
    this.#tick = tick;
    this.#age = age;
  }

  /** Somebody looks from now on. */
  start(): void {
    this.#aging ??= setInterval(this.#age, ageMs);
  }

  tickWhile(isRunning: boolean): void {
    if (isRunning) {
      this.#ticking ??= setInterval(this.#tick, tickMs);
    } else {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }
  }

  stop(): void {
    clearInterval(this.#aging);
    this.#aging = undefined;
    this.tickWhile(false);
  }

  dispose(): void {
    this.stop();
  }
}
