// The wish of a user that an operation be cancelled, kept until it can be. It refuses to know how the wish was told.
import { type Disposable, DisposableStore } from '../base/disposable.js';
import type { OperationRequest } from '../domain/operation.js';
import type { EnginePort } from './enginePort.js';

/**
 * | the operation                 | what becomes of the wish                                            |
 * |-------------------------------|---------------------------------------------------------------------|
 * | waits for its turn            | cancelled at once: nothing has begun                                |
 * | looks, nothing has begun      | cancelled at once                                                   |
 * | runs, libvirt can cancel it   | cancelled at once                                                   |
 * | runs, libvirt cannot (yet)    | kept until it can: between two steps it would be left half done     |
 */
export class CancelWish implements Disposable {
  readonly #engine: Pick<EnginePort, 'findVm' | 'onDidChange'>;
  readonly #request: OperationRequest;
  readonly #controller: AbortController;
  readonly #store = new DisposableStore();
  #isWished = false;

  constructor(
    engine: Pick<EnginePort, 'findVm' | 'onDidChange'>,
    request: OperationRequest,
    controller: AbortController,
  ) {
    this.#engine = engine;
    this.#request = request;
    this.#controller = controller;
  }

  wish(): void {
    if (!this.#isWished) {
      this.#isWished = true;
      this.#store.add(this.#engine.onDidChange(() => this.#try()));
      this.#try();
    }
  }

  dispose(): void {
    this.#store.dispose();
  }

  #try(): void {
    const running = this.#engine.findVm(this.#request.vm)?.operation;
    if (running?.request !== this.#request || running.progress.cancellable) {
      this.#controller.abort();
    }
  }
}
