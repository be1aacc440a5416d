// Ctrl+C: cancels as the editor's Cancel does, where what is under way can be cancelled; pressed again, the process
// ends, and the journal knows what was begun.
import { type Disposable, toDisposable } from '../base/disposable.js';

export class Interruption {
  readonly #controller = new AbortController();
  #handler: (() => void) | undefined;
  #count = 0;

  /** Aborted at the first Ctrl+C, unless somebody handles it. */
  readonly signal = this.#controller.signal;

  /** @param end ends the process at once */
  constructor(readonly end: () => void) {}

  get wasWished(): boolean {
    return this.#count > 0;
  }

  interrupt(): void {
    this.#count += 1;
    if (this.#count > 1) {
      this.end();
    } else if (this.#handler === undefined) {
      this.#controller.abort();
    } else {
      this.#handler();
    }
  }

  /** Instead of the signal, as long as `work` lasts. */
  async handledBy<T>(handler: () => void, work: () => Promise<T>): Promise<T> {
    const handling = this.handle(handler);
    try {
      return await work();
    } finally {
      handling.dispose();
    }
  }

  /** Instead of the signal, until it is disposed. */
  handle(handler: () => void): Disposable {
    this.#handler = handler;
    if (this.#count > 0) {
      handler();
    }
    return toDisposable(() => (this.#handler = undefined));
  }
}
