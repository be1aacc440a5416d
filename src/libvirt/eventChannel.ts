// One kind of event on one connection: registered with the daemon while somebody listens, and only then.
// Knows nothing of sockets; registering is given to it.
import { type Disposable, toDisposable } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';

export class EventChannel<M> {
  readonly #emitter = new Emitter<M>();
  readonly #register: () => Promise<() => Promise<void>>;
  readonly #onDeregisterFailed: (error: unknown) => void;
  #listeners = 0;
  #deregister: (() => Promise<void>) | undefined;
  /** Registering and deregistering follow one another, whatever listeners come and go meanwhile. */
  #settled: Promise<void> = Promise.resolve();

  /** `register` resolves to what takes it back. */
  constructor(register: () => Promise<() => Promise<void>>, onDeregisterFailed: (error: unknown) => void) {
    this.#register = register;
    this.#onDeregisterFailed = onDeregisterFailed;
  }

  /** Throws the first error of a listener, when all have been called. */
  fire(message: M): void {
    this.#emitter.fire(message);
  }

  /** Rejects if the daemon does not take the registration. Events that come before its answer reach the listener. */
  async listen(listener: (message: M) => void): Promise<Disposable> {
    const subscription = this.#emitter.event(listener);
    this.#listeners += 1;
    let over = false;
    const stop = (): void => {
      if (!over) {
        over = true;
        subscription.dispose();
        this.#listeners -= 1;
        this.#settle().catch(this.#onDeregisterFailed);
      }
    };
    try {
      await this.#settle();
    } catch (error) {
      stop();
      throw error;
    }
    return toDisposable(stop);
  }

  #settle(): Promise<void> {
    const next = this.#settled.then(() => this.#follow());
    this.#settled = next.then(noop, noop);
    return next;
  }

  async #follow(): Promise<void> {
    if (this.#listeners > 0 && this.#deregister === undefined) {
      this.#deregister = await this.#register();
    } else if (this.#listeners === 0 && this.#deregister !== undefined) {
      const deregister = this.#deregister;
      this.#deregister = undefined;
      await deregister();
    }
  }
}

function noop(): void {
  // The caller of #settle has the error; the next one in the row starts afresh.
}
