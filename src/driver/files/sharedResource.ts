// One thing for all who need it at the same time: made for the first of them, ended after the last.

export class SharedResource<T> {
  readonly #make: () => Promise<T>;
  readonly #end: (it: T) => Promise<void>;
  #users = 0;
  #current: Promise<T> | undefined;
  #ended: Promise<void> = Promise.resolve();

  /** `end` tells nobody of what goes wrong in it. */
  constructor(make: () => Promise<T>, end: (it: T) => Promise<void>) {
    this.#make = make;
    this.#end = end;
  }

  /** Resolves after the end, if it was the last. */
  async use<R>(act: (it: T) => Promise<R>): Promise<R> {
    this.#users++;
    const current = (this.#current ??= this.#ended.then(() => this.#make()));
    try {
      return await act(await current);
    } finally {
      this.#users--;
      if (this.#users === 0) {
        this.#current = undefined;
        this.#ended = current.then(this.#end, () => undefined);
        await this.#ended;
      }
    }
  }
}
