// When a connection whose interrupted operations are left for now is looked at again.
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import { asFailure } from '../../domain/asFailure.js';

const firstMs = 5000;
/** Who is at work for hours is not asked every few seconds whether it has died. */
const mostMs = 60_000;

/** One timer for each connection, however many of its VMs are left; each waits twice as long as the one before. */
export class RecoveryRetry implements Disposable {
  readonly #options: { readonly clock: Clock; readonly log: Log };
  readonly #act: (uri: string) => Promise<void>;
  #isDisposed = false;
  readonly #timers = new Map<string, Disposable>();
  readonly #nextMs = new Map<string, number>();

  constructor(options: { readonly clock: Clock; readonly log: Log }, act: (uri: string) => Promise<void>) {
    this.#options = options;
    this.#act = act;
  }

  /** The connection has just been opened: the next wait is a short one. Never rejects. */
  now(uri: string): Promise<void> {
    this.#timers.get(uri)?.dispose();
    this.#timers.delete(uri);
    this.#nextMs.delete(uri);
    return this.#run(uri);
  }

  /** In a while, if it is not to be already. */
  later(uri: string): void {
    if (this.#isDisposed || this.#timers.has(uri)) {
      return;
    }
    const ms = this.#nextMs.get(uri) ?? firstMs;
    this.#nextMs.set(uri, Math.min(2 * ms, mostMs));
    const fire = (): void => {
      this.#timers.delete(uri);
      void this.#run(uri);
    };
    this.#timers.set(uri, this.#options.clock.setTimer(ms, fire));
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#timers.forEach((timer) => timer.dispose());
    this.#timers.clear();
  }

  async #run(uri: string): Promise<void> {
    try {
      await this.#act(uri);
      if (!this.#timers.has(uri)) {
        this.#nextMs.delete(uri);
      }
    } catch (error) {
      this.#options.log.error(`what was interrupted on ${uri} is left for now: ${asFailure(error).line}`);
    }
  }
}
