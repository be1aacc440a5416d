// One at a time on a VM: whoever has its turn holds the VM, is shown at work, and lets go of it at the end, come what may.
// Refuses to know what is done in a turn.
import { type Log, scopeLog } from '../../base/log.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Clock } from '../../base/clock.js';
import type { LiveConnection } from '../../live/liveConnection.js';
import { OperationStatus } from './operationStatus.js';
import type { Store } from '../../live/store.js';
import { vmKey } from '../../live/views.js';
import { type LeaseOptions, VmQueue } from './vmQueue.js';

/** Whoever has its turn on several VMs at once. */
export interface GroupHolder {
  /** Of its entry in the journal of groups. */
  readonly id: string;
}

/** What all parts of an operation share. */
export interface Lease {
  readonly request: OperationRequest;
  readonly live: LiveConnection;
  readonly status: OperationStatus;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** It is a part of what is done on several VMs as one. */
  readonly group?: GroupHolder | undefined;
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

type LeaseWish = Pick<LeaseOptions, 'onWait'> & {
  readonly signal: AbortSignal;
  readonly group?: GroupHolder | undefined;
};

export class Leases {
  readonly #options: LeasesOptions;
  readonly #lock = new VmQueue();

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  async take<T>(
    request: OperationRequest,
    { signal, onWait, group }: LeaseWish,
    work: (lease: Lease) => Promise<T>,
  ): Promise<T> {
    const { store, clock, log, connection } = this.#options;
    const end = await this.#lock.take(vmKey(request.vm), request, { signal, onWait, holder: group });
    const status = new OperationStatus(store, clock, request);
    let release: (() => void) | undefined;
    try {
      const live = connection(request.vm.connection);
      release = live.pauseReads(request.vm.uuid);
      return await work({ request, live, status, signal, log: scopeLog(log, live.uri), group });
    } finally {
      status.end();
      release?.();
      end();
    }
  }

  /** The turns on several VMs, in one order for all, so that two who want the same ones never wait for each other. */
  async takeAll<T>(
    requests: readonly OperationRequest[],
    { signal, onWait, group }: LeaseWish & { readonly group: GroupHolder },
    work: () => Promise<T>,
  ): Promise<T> {
    const ends: (() => void)[] = [];
    try {
      for (const [key, request] of [...new Map(requests.map((one) => [vmKey(one.vm), one]))].sort(byKey)) {
        ends.push(await this.#lock.take(key, request, { signal, onWait, holder: group }));
      }
      return await work();
    } finally {
      ends.forEach((end) => end());
    }
  }
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
