// The VMs of a connection on which an operation of ours runs.
import { Emitter } from '../base/emitter.js';

export class PausedVms {
  readonly #paused = new Set<string>();
  readonly #resumed = new Emitter<string>();

  has(uuid: string): boolean {
    return this.#paused.has(uuid);
  }

  get size(): number {
    return this.#paused.size;
  }

  add(uuid: string): void {
    this.#paused.add(uuid);
  }

  delete(uuid: string): void {
    this.#paused.delete(uuid);
    this.#resumed.fire(uuid);
  }

  /** Resolves when none runs on it. */
  async untilResumed(uuid: string): Promise<void> {
    while (this.#paused.has(uuid)) {
      await new Promise<void>((resolve) => {
        const listening = this.#resumed.event((one) => {
          if (one === uuid) {
            listening.dispose();
            resolve();
          }
        });
      });
    }
  }
}
