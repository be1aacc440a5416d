// The operations that this window has under way, so that one of them can be cancelled. Knows nothing of the editor.
import { vmKey } from '../inventory/views.js';
import type { VmRef } from '../model/vm.js';

export class RunningOperations {
  readonly #controllers = new Map<string, Set<AbortController>>();

  /** Runs with a signal that `cancel` aborts. */
  async track<T>(vm: VmRef, run: (controller: AbortController) => Promise<T>): Promise<T> {
    const key = vmKey(vm);
    const controller = new AbortController();
    const ofVm = this.#controllers.get(key) ?? new Set();
    this.#controllers.set(key, ofVm.add(controller));
    try {
      return await run(controller);
    } finally {
      ofVm.delete(controller);
      if (ofVm.size === 0) {
        this.#controllers.delete(key);
      }
    }
  }

  has(vm: VmRef): boolean {
    return this.#controllers.has(vmKey(vm));
  }

  /** Those that run and those that wait for their turn on the VM. */
  cancel(vm: VmRef): void {
    for (const controller of this.#controllers.get(vmKey(vm)) ?? []) {
      controller.abort();
    }
  }
}
