// How long a guest stood still, from the daemon's events on the clock of this computer.
import type { Disposable } from '../../base/disposable.js';
import type { GuestEvent, GuestEvents } from '../guestEvents.js';

/** The daemon sends the last event before or just after the answer to the call, from another thread. */
const settleMs = 1_000;

/**
 * | events seen             | milliseconds                        |
 * |-------------------------|-------------------------------------|
 * | none                    | undefined: too short to see         |
 * | suspended, resumed, …   | the sum of all spans                |
 * | resumed without its suspended | not counted                   |
 * | suspended, still        | not counted                         |
 */
export class GuestPause implements Disposable {
  readonly #subscription: Disposable;
  readonly #now: () => number;
  #suspendedAt: number | undefined;
  #pausedMs: number | undefined;
  #wake: (() => void) | undefined;

  /** Watches from now on. @param now milliseconds of a clock that never jumps */
  constructor(events: Pick<GuestEvents, 'onDidHappen'>, uuid: string, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#subscription = events.onDidHappen((event) => {
      if (event.uuid === uuid) {
        this.#note(event.kind);
      }
    });
  }

  #note(what: GuestEvent['kind']): void {
    if (what === 'suspended') {
      this.#suspendedAt ??= this.#now();
    } else if (what === 'resumed' && this.#suspendedAt !== undefined) {
      this.#pausedMs = (this.#pausedMs ?? 0) + this.#now() - this.#suspendedAt;
      this.#suspendedAt = undefined;
      this.#wake?.();
    }
  }

  /**
   * The milliseconds so far. Waits a little for a resumed event that is still under way: when the guest is suspended,
   * or when `expected` and no stop was seen at all.
   */
  async waitForPause(expected: boolean): Promise<number | undefined> {
    if (this.#suspendedAt !== undefined || (expected && this.#pausedMs === undefined)) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, settleMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#pausedMs;
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}
