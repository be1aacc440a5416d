// The operations that this window has under way, and the wish of a user that one of them be cancelled. Knows nothing of the editor.
import { vmKey } from '../../inventory/views.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { VmRef } from '../../domain/vm.js';
import type { InventoryPort } from '../../engine/inventory.js';
import { type Disposable, DisposableStore } from '../../base/disposable.js';

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

/**
 * The wish of a user that an operation be cancelled, until it can be.
 *
 * | the operation                 | what becomes of the wish                                            |
 * |-------------------------------|---------------------------------------------------------------------|
 * | waits for its turn            | cancelled at once: nothing has begun                                |
 * | runs, libvirt can cancel it   | cancelled at once                                                   |
 * | runs, libvirt cannot (yet)    | kept until it can: between two steps it would be left half done     |
 */
export class CancelWish implements Disposable {
  readonly #inventory: Pick<InventoryPort, 'findVm' | 'onDidChange'>;
  readonly #request: OperationRequest;
  readonly #controller: AbortController;
  readonly #store = new DisposableStore();
  #isWished = false;

  constructor(
    inventory: Pick<InventoryPort, 'findVm' | 'onDidChange'>,
    request: OperationRequest,
    controller: AbortController,
  ) {
    this.#inventory = inventory;
    this.#request = request;
    this.#controller = controller;
  }

  wish(): void {
    if (!this.#isWished) {
      this.#isWished = true;
      this.#store.add(this.#inventory.onDidChange(() => this.#try()));
      this.#try();
    }
  }

  dispose(): void {
    this.#store.dispose();
  }

  #try(): void {
    const running = this.#inventory.findVm(this.#request.vm)?.operation;
    if (running?.request !== this.#request || running.progress.cancellable) {
      this.#controller.abort();
    }
  }
}
