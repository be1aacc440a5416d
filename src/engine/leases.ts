// One at a time on a VM: whoever has its turn holds the VM, is shown at work, and lets go of it at the end, come what may.
// Refuses to know what is done in a turn.
import { type Log, scoped } from '../base/log.js';
import type { OperationRequest } from '../domain/operation.js';
import type { Clock } from '../base/clock.js';
import type { LiveConnection } from '../inventory/liveConnection.js';
import { OperationStatus } from './operationStatus.js';
import type { Store } from '../inventory/store.js';
import { vmKey } from '../inventory/views.js';
import { type LeaseOptions, VmLock } from './vmLock.js';

/** What all parts of an operation share. */
export interface Lease {
  readonly request: OperationRequest;
  readonly live: LiveConnection;
  readonly status: OperationStatus;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** It brings an operation that broke off to its end. */
  readonly recovers?: true;
}

export interface LeasesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Throws a Failure `notFound` for a connection that is not known. */
  readonly connection: (uri: string) => LiveConnection;
}

export class Leases {
  readonly #options: LeasesOptions;
  readonly #lock = new VmLock();

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  async take<T>(
    request: OperationRequest,
    { signal, onWait }: LeaseOptions & { readonly signal: AbortSignal },
    work: (lease: Lease) => Promise<T>,
  ): Promise<T> {
    const { store, clock, log, connection } = this.#options;
    const end = await this.#lock.take(vmKey(request.vm), request, { signal, onWait });
    const status = new OperationStatus(store, clock, request);
    let release: (() => void) | undefined;
    try {
      const live = connection(request.vm.connection);
      release = live.hold(request.vm.uuid);
      return await work({ request, live, status, signal, log: scoped(log, live.uri) });
    } finally {
      status.end();
      release?.();
      end();
    }
  }
}
