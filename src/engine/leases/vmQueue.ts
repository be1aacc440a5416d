// One operation on a VM at a time, in the order in which they came. It refuses to know what an operation does.
import { Failure } from '../../domain/failure.js';
import type { OperationRequest } from '../../domain/operation.js';

interface QueuedLease {
  readonly request: OperationRequest;
  readonly holder: object | undefined;
  readonly begin: () => void;
}

export interface LeaseOptions {
  /** Who holds several VMs at once: in its turn on one of them it need not wait for itself. */
  readonly holder?: object | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called at once with the operation that runs now, and again whenever the next one in front begins. */
  readonly onWait?: ((forWhat: OperationRequest) => void) | undefined;
}

interface WaitingLease extends QueuedLease {
  readonly tell: (forWhat: OperationRequest) => void;
}

interface LeaseQueue {
  running: OperationRequest;
  holder: object | undefined;
  readonly waiting: WaitingLease[];
}

export class VmQueue {
  readonly #queues = new Map<string, LeaseQueue>();

  /** What runs on this VM now, if anything. */
  running(vm: string): OperationRequest | undefined {
    return this.#queues.get(vm)?.running;
  }

  /**
   * Resolves when it is this request's turn, with the function that ends the turn (calling it again does nothing).
   * Rejects with `cancelled` when the signal aborts while it waits; the place in the queue is then gone.
   */
  async take(vm: string, request: OperationRequest, options: LeaseOptions = {}): Promise<() => void> {
    if (options.signal?.aborted === true) {
      throw new Failure('cancelled', { doing: 'wait for another operation' });
    }
    const queue = this.#queues.get(vm);
    if (queue !== undefined && options.holder !== undefined && queue.holder === options.holder) {
      return () => undefined;
    }
    if (queue === undefined) {
      this.#queues.set(vm, { running: request, holder: options.holder, waiting: [] });
    } else {
      await this.#wait(queue, request, options);
    }
    let ended = false;
    return () => {
      if (!ended) {
        ended = true;
        this.#next(vm);
      }
    };
  }

  #wait(queue: LeaseQueue, request: OperationRequest, { signal, onWait, holder }: LeaseOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const give = (): void => {
        queue.waiting.splice(queue.waiting.indexOf(waiting), 1);
        reject(new Failure('cancelled', { doing: 'wait for another operation' }));
      };
      const waiting: WaitingLease = {
        request,
        holder,
        tell: (forWhat) => onWait?.(forWhat),
        begin: () => {
          signal?.removeEventListener('abort', give);
          resolve();
        },
      };
      queue.waiting.push(waiting);
      signal?.addEventListener('abort', give, { once: true });
      waiting.tell(queue.running);
    });
  }

  #next(vm: string): void {
    const queue = this.#queues.get(vm);
    const next = queue?.waiting.shift();
    if (queue === undefined || next === undefined) {
      this.#queues.delete(vm);
      return;
    }
    queue.running = next.request;
    queue.holder = next.holder;
    next.begin();
    for (const other of queue.waiting) {
      other.tell(next.request);
    }
  }
}
