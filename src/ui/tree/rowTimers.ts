// What makes rows read differently by time alone: running operations by the second, since when nothing is heard in
// steps, ages by the minute. Knows no row.
import type { Disposable } from '../../base/disposable.js';

/** An operation's elapsed time counts in seconds. */
const tickMs = 1_000;
/** As the words of rows count. */
const lostMs = 10_000;
/** The finest age that a row shows is a minute. */
const ageMs = 60_000;

export class RowTimers implements Disposable {
  readonly #tick: () => void;
  readonly #age: () => void;
  readonly #lost: () => void;
  #ticking: NodeJS.Timeout | undefined;
  #aging: NodeJS.Timeout | undefined;

  #losing: NodeJS.Timeout | undefined;

  constructor(tick: () => void, age: () => void, lost: () => void) {
    this.#tick = tick;
    this.#age = age;
    this.#lost = lost;
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

  countWhile(isLost: boolean): void {
    if (isLost) {
      this.#losing ??= setInterval(this.#lost, lostMs);
    } else {
      clearInterval(this.#losing);
      this.#losing = undefined;
    }
  }

  stop(): void {
    clearInterval(this.#aging);
    this.#aging = undefined;
    this.tickWhile(false);
    this.countWhile(false);
  }

  dispose(): void {
    this.stop();
  }
}
