// The operations that this window has under way. Knows nothing of the editor.
import { type Disposable, toDisposable } from '../../base/disposable.js';
import { vmKey } from '../../live/views.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { VmRef } from '../../domain/vm.js';
import type { RunningRequest } from '../../session/carryOut.js';

/** So that one of them can be cancelled. */
export class RunningOperations {
  readonly #running = new Map<string, Set<RunningRequest>>();

  /** Until that is disposed. */
  add(running: RunningRequest): Disposable {
    const key = vmKey(running.request.vm);
    const ofVm = this.#running.get(key) ?? new Set<RunningRequest>();
    this.#running.set(key, ofVm.add(running));
    return toDisposable(() => {
      ofVm.delete(running);
      if (ofVm.size === 0) {
        this.#running.delete(key);
      }
    });
  }

  has(vm: VmRef): boolean {
    return this.#running.has(vmKey(vm));
  }

  /**
   * Cancels those that run and those that wait for their turn on the VM. Returns how many.
   * @param except one that cannot be cancelled: to stop it between two steps would leave it half done
   */
  cancel(vm: VmRef, except?: OperationRequest): number {
    const chosen = [...(this.#running.get(vmKey(vm)) ?? [])].filter(({ request }) => request !== except);
    for (const { cancel } of chosen) {
      cancel();
    }
    return chosen.length;
  }
}
