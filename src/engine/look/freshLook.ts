// Reads everything that a decision rests on afresh, and the VM's state after a failure. Refuses to decide.
import type { Hypervisor } from '../../driver/hypervisor.js';
import { Failure } from '../../domain/failure.js';
import type { Facts } from '../../domain/facts.js';
import type { CompleteFacts } from '../../operations/completeFacts.js';
import type { VmRef } from '../../domain/vm.js';
import { Prefetch } from './prefetch.js';
import { asFailure } from '../../domain/asFailure.js';
import { type Clock, within } from '../../base/clock.js';
import type { Persistence } from '../../journal/persistence.js';
import type { Store } from '../../live/store.js';
import type { FactsRequest } from './factsRequests.js';
import { knownFacts, readOwnKnowledge } from './ownKnowledge.js';
import { FactsReader } from './factsReader.js';
import type { Lease } from '../leases/leases.js';
import type { VmView } from '../../live/views.js';

/** After a failure: how long a lost connection is waited for, so that the failure can tell the VM's true state. */
const readBackMs = 10_000;
const readBackEveryMs = 500;

interface FreshLookOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly persistence: Persistence;
  /** Aborted when the engine ends. */
  readonly ended: AbortSignal;
}

interface FreshFacts {
  readonly hypervisor: Hypervisor;
  readonly facts: CompleteFacts;
}

export class FreshLook {
  readonly #options: FreshLookOptions;

  constructor(options: FreshLookOptions) {
    this.#options = options;
  }

  /** Rejects with the Failure of a read, and at once when nobody wants it any more: a read may last for ever. */
  async read(lease: Lease, asked: (known: Facts) => FactsRequest): Promise<FreshFacts> {
    const { signal } = lease;
    let unheard: (() => void) | undefined;
    const cancelled = new Promise<never>((_, reject) => {
      const give = (): void => reject(new Failure('cancelled', { doing: 'look at the VM' }));
      signal.addEventListener('abort', give, { once: true });
      unheard = () => signal.removeEventListener('abort', give);
      if (signal.aborted) {
        give();
      }
    });
    try {
      return await Promise.race([this.#read(lease, asked), cancelled]);
    } finally {
      unheard?.();
    }
  }

  async #read({ request, live, log }: Lease, asked: (known: Facts) => FactsRequest): Promise<FreshFacts> {
    const { clock, persistence, store } = this.#options;
    const hypervisor = await live.open();
    const sources = { hypervisor, otherVms: live.otherVms, neighbours: live.neighbours, made: persistence.made, log };
    const ahead = new Prefetch(sources, request.vm.uuid);
    const before = store.vm(request.vm);
    if (before?.tree !== undefined) {
      ahead.begin(asked(knownFacts(hypervisor, before.vm, before.tree, clock.now())).needs);
    }
    const [own] = await Promise.all([
      readOwnKnowledge(persistence, request.vm, [request]),
      live.read(request.vm.uuid, ['vm', 'tree']),
    ]);
    const { vm, tree, layers, olderThanLastRun, standsSince } = this.view(request.vm);
    if (tree === undefined) {
      throw new Failure('lost');
    }
    const known = knownFacts(hypervisor, vm, tree, clock.now(), { ...own, layers, olderThanLastRun, standsSince });
    return { hypervisor, facts: await new FactsReader(sources, known, ahead).readComplete(asked(known)) };
  }

  view(ref: VmRef): VmView {
    const view = this.#options.store.vm(ref);
    if (view === undefined) {
      throw new Failure('notFound', { vm: ref.uuid });
    }
    return view;
  }

  /** What goes wrong is in the picture and in the log. */
  async readBack({ request, live, log }: Lease): Promise<'read' | 'gone' | 'unread'> {
    try {
      await live.read(request.vm.uuid, ['vm', 'tree']);
      return 'read';
    } catch (error) {
      const { kind } = asFailure(error);
      log.warn(`could not read the VM after the operation: ${kind}`);
      return kind === 'notFound' ? 'gone' : 'unread';
    }
  }

  /** True when the VM was read; a connection that is away is waited for a while. */
  async readPatiently(lease: Lease): Promise<boolean> {
    const late = new AbortController();
    const seen = await within(this.#options.clock, readBackMs, this.#readUntil(lease, late.signal), false);
    late.abort();
    return seen && this.#options.store.vm(lease.request.vm) !== undefined;
  }

  async #readUntil({ request, live, log }: Lease, late: AbortSignal): Promise<boolean> {
    while (!late.aborted && !this.#options.ended.aborted) {
      try {
        await live.read(request.vm.uuid, ['vm', 'tree']);
        return true;
      } catch (error) {
        const { kind } = asFailure(error);
        log.debug(`could not read the VM after the failure: ${kind}`);
        if (kind !== 'lost' && kind !== 'unreachable') {
          return false;
        }
      }
      await new Promise<void>((resolve) => this.#options.clock.setTimer(readBackEveryMs, resolve));
    }
    return false;
  }
}
