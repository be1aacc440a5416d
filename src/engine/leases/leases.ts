// One operation at a time on a VM: it holds the VM, is shown at work, and always releases the VM at its end.
import { type Log, scopeLog } from '../../base/log.js';
import type { OperationRequest, VmTurn } from '../../domain/operation.js';
import type { Clock } from '../../base/clock.js';
import type { LiveConnection } from '../../live/liveConnection.js';
import { OperationStatus } from './operationStatus.js';
import type { Store } from '../../live/store.js';
import type { RunningOperation } from '../../live/views.js';
import { Failure } from '../../domain/failure.js';
import type { Persistence } from '../../journal/persistence.js';
import { elsewhereRefusal } from './busyElsewhere.js';
import { type HeldVm, isHeldFor } from '../../domain/keeper.js';

/** The holder of several VMs at once. */
export interface GroupHolder {
  /** The id of its entry in the journal of groups. */
  readonly id: string;
}

/** What all parts of an operation share. */
export interface Lease<R extends VmTurn = VmTurn> {
  readonly request: R;
  readonly live: LiveConnection;
  readonly status: OperationStatus;
  readonly signal: AbortSignal;
  readonly log: Log;
  /**
   * Has a cluster leave the VM alone to the end of this turn, where it would start it in the middle of such a request.
   * An operation holds its VM from the beginning; what broke off may be another one. Rejects with a Failure `refused`.
   */
  hold(request: VmTurn): Promise<void>;
  /** Before each step. Rejects with a Failure `refused` where a cluster may have taken the VM back. */
  requireHeld(): Promise<void>;
  /** It is a part of what is done on several VMs as one. */
  readonly group?: GroupHolder | undefined;
  /** It brings an operation that broke off to its end. */
  readonly recovers?: true;
}

export type OperationLease = Lease<OperationRequest>;

interface LeasesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly persistence: Pick<Persistence, 'groups' | 'moves' | 'holderOf'>;
  /** Throws a Failure `notFound` for a connection that is not known. */
  readonly connection: (uri: string) => LiveConnection;
}

type LeaseWish = Pick<LeaseOptions, 'onWait'> & {
  readonly signal: AbortSignal;
  readonly group?: GroupHolder | undefined;
  readonly undoes?: string;
  /** Only what broke off is looked at: it is held where something is done about it. */
  readonly recovers?: true;
  /** What it is called while it runs; absent: an undo where it undoes something. */
  readonly does?: RunningOperation['does'];
};

/** By the VM's UUID alone: two connections may lead to the same host, and the lock on disk counts for all, too. */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #lock = new VmQueue();

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  async take<T, R extends VmTurn>(
    request: R,
    { signal, onWait, group, recovers, undoes, does = undoes === undefined ? undefined : 'undo' }: LeaseWish,
    work: (lease: Lease<R>) => Promise<T>,
  ): Promise<T> {
    const { store, clock, log, connection, persistence } = this.#options;
    const end = await this.#lock.take(request.vm.uuid, request, { signal, onWait, holder: group });
    const status = new OperationStatus(store, clock, request, does);
    let release: (() => void) | undefined;
    let held: HeldVm | undefined;
    try {
      const live = connection(request.vm.connection);
      release = live.pauseReads(request.vm.uuid);
      const hold = async (what: VmTurn): Promise<void> => {
        held ??= isHeldFor(what) ? await this.#hold(live, request) : undefined;
      };
      if (recovers === undefined) {
        // Who moves the VM has its host busy: a cluster there may not answer.
        await (isHeldFor(request) && elsewhereRefusal({ request, group }, persistence));
        await hold(request);
      }
      const requireHeld = async (): Promise<void> => held?.requireStill();
      return await work({ request, live, status, signal, log: scopeLog(log, live.uri), hold, requireHeld, group });
    } finally {
      await held?.giveBack();
      status.end();
      release?.();
      end();
    }
  }

  async #hold(live: LiveConnection, { vm: ref }: VmTurn): Promise<HeldVm | undefined> {
    const vm = this.#options.store.vm(ref)?.vm;
    const { keepers } = await live.open();
    return keepers?.hold({ uuid: ref.uuid, name: vm?.name ?? '' });
  }

  /** The turns on several VMs, in one order for all, so that two who want the same ones never wait for each other. */
  async takeAll<T>(
    requests: readonly VmTurn[],
    { signal, onWait, group }: LeaseWish & { readonly group: GroupHolder },
    work: () => Promise<T>,
  ): Promise<T> {
    const ends: (() => void)[] = [];
    try {
      for (const [key, request] of [...new Map(requests.map((one) => [one.vm.uuid, one]))].sort(byKey)) {
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

interface QueuedLease {
  readonly request: VmTurn;
  readonly holder: object | undefined;
  readonly begin: () => void;
}

interface LeaseOptions {
  /** Who holds several VMs at once: in its turn on one of them it need not wait for itself. */
  readonly holder?: object | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called at once with the operation that runs now, and again whenever the next one in front begins. */
  readonly onWait?: ((forWhat: VmTurn) => void) | undefined;
}

interface WaitingLease extends QueuedLease {
  readonly tell: (forWhat: VmTurn) => void;
}

interface LeaseQueue {
  running: VmTurn;
  holder: object | undefined;
  readonly waiting: WaitingLease[];
}

/** One operation on a VM at a time, in the order in which they came. */
export class VmQueue {
  readonly #queues = new Map<string, LeaseQueue>();

  /** What runs on this VM now, if anything. */
  running(vm: string): VmTurn | undefined {
    return this.#queues.get(vm)?.running;
  }

  /**
   * Resolves when it is this request's turn, with the function that ends the turn (calling it again does nothing).
   * Rejects with `cancelled` when the signal aborts while it waits; the place in the queue is then gone.
   */
  async take(vm: string, request: VmTurn, options: LeaseOptions = {}): Promise<() => void> {
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

  #wait(queue: LeaseQueue, request: VmTurn, { signal, onWait, holder }: LeaseOptions): Promise<void> {
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
