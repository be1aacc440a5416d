// Things that end. A store ends everything put into it, once.

export interface Disposable {
  dispose(): void;
}

export function toDisposable(dispose: () => void): Disposable {
  return { dispose };
}

/** Ends its content in reverse order. A thing added after the end is ended at once. */
export class DisposableStore implements Disposable {
  readonly #content: Disposable[] = [];
  #disposed = false;

  get isDisposed(): boolean {
    return this.#disposed;
  }

  add<T extends Disposable>(thing: T): T {
    if (this.#disposed) {
      thing.dispose();
    } else {
      this.#content.push(thing);
    }
    return thing;
  }

  dispose(): void {
    if (this.#disposed) {
      return;
    }
    this.#disposed = true;
    for (const thing of this.#content.reverse()) {
      thing.dispose();
    }
    this.#content.length = 0;
  }
}
