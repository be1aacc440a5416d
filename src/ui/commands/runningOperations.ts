// The operations that this window has under way. Knows nothing of the editor.
import { vmKey } from '../../live/views.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { VmRef } from '../../domain/vm.js';

/** So that one of them can be cancelled. */
export class RunningOperations {
  readonly #controllers = new Map<string, Map<OperationRequest, AbortController>>();

  /** Runs with a signal that `cancel` aborts. */
  async track<T>(request: OperationRequest, run: (controller: AbortController) => Promise<T>): Promise<T> {
    const key = vmKey(request.vm);
    const controller = new AbortController();
    const ofVm = this.#controllers.get(key) ?? new Map<OperationRequest, AbortController>();
    this.#controllers.set(key, ofVm.set(request, controller));
    try {
      return await run(controller);
    } finally {
      ofVm.delete(request);
      if (ofVm.size === 0) {
        this.#controllers.delete(key);
      }
    }
  }

  has(vm: VmRef): boolean {
    return this.#controllers.has(vmKey(vm));
  }

  /**
   * Cancels those that run and those that wait for their turn on the VM. Returns how many.
   * @param except one that cannot be cancelled: to stop it between two steps would leave it half done
   */
  cancel(vm: VmRef, except?: OperationRequest): number {
    const chosen = [...(this.#controllers.get(vmKey(vm)) ?? [])].filter(([request]) => request !== except);
    for (const [, controller] of chosen) {
      controller.abort();
    }
    return chosen.length;
  }
}
