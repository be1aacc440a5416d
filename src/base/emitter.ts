// Announces change in the shape of the editor's own events, without knowing the editor.
import { type Disposable, toDisposable } from './disposable.js';

export type Event<T> = (listener: (value: T) => void) => Disposable;

/** Calls every listener even if one throws; the first error is thrown when all have been called. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(value: T) => void>();

  readonly event: Event<T> = (listener) => {
    const entry = (value: T): void => listener(value);
    this.#listeners.add(entry);
    return toDisposable(() => this.#listeners.delete(entry));
  };

  fire(value: T): void {
    const errors: unknown[] = [];
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) {
      throw errors[0];
    }
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
