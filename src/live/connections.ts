// The connections that somebody wants, and those that an operation holds still: which there are, who looks at them, and
// what is asked of one or of all.
import { asFailure } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import { isFar } from '../driver/sharedHost.js';
import type { VmRef } from '../domain/vm.js';
import type { WantedConnection } from '../domain/wantedConnection.js';
import { LiveConnection } from './liveConnection.js';
import type { LiveOptions } from './liveOptions.js';
import { ReadOnlyDaemons, type ReadOnlyOptions } from './readOnlyDaemons.js';
import type { Store } from './store.js';
import { type Attention, isResting } from './views.js';
import type { Clock } from '../base/clock.js';
import type { OpenHypervisor } from '../driver/hypervisor.js';

// Opens a few connections at once: each is a program, a login and some calls, and there may be a thousand. One that
// takes long holds no other up.

const mostAtOnce = 16;
const holdsUpMs = 1_000;

export function openInTurn(open: OpenHypervisor, clock: Clock): OpenHypervisor {
  let free = mostAtOnce;
  const waiting: (() => void)[] = [];
  const takeTurn = (): void => {
    const next = free > 0 ? waiting.shift() : undefined;
    if (next !== undefined) {
      free -= 1;
      next();
    }
  };
  return async (...asked) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      takeTurn();
    });
    let isOver = false;
    const endTurn = (): void => {
      if (!isOver) {
        isOver = true;
        free += 1;
        takeTurn();
      }
    };
    const timer = clock.setTimer(holdsUpMs, endTurn);
    try {
      return await open(...asked);
    } finally {
      timer.dispose();
      endTurn();
    }
  };
}

type ConnectionsOptions = Omit<LiveOptions, 'beside'> & Pick<ReadOnlyOptions, 'memory'>;

export class Connections {
  readonly #store: Store;
  readonly #options: LiveOptions;
  readonly #live = new Map<string, LiveConnection>();
  #attention: Attention = { visible: false, connections: new Set(), vms: new Set() };
  #wanted: readonly WantedConnection[] = [];
  #hasEnded = false;
  readonly #daemons: ReadOnlyDaemons;

  constructor(store: Store, { memory, ...options }: ConnectionsOptions) {
    this.#store = store;
    this.#daemons = new ReadOnlyDaemons({ ...options, memory });
    this.#daemons.onDidChange(() => this.#retire());
    this.#options = {
      ...options,
      open: openInTurn(this.#daemons.open, options.clock),
      beside: (uri) => [...this.#live.values()].filter((live) => live.uri !== uri),
    };
  }

  /** A plain URI keeps what is known of that connection. */
  setWanted(wanted: readonly (string | WantedConnection)[]): void {
    const before = new Map(this.#wanted.map((one) => [one.uri, one]));
    const now = wanted.map((one) => (typeof one === 'string' ? (before.get(one) ?? { uri: one }) : one));
    this.#wanted = [...new Map(now.map((one) => [one.uri, one])).values()];
    this.#daemons.keep(undefined, this.#wanted);
    this.#retire();
  }

  /** Those that somebody keeps as read-only, wanted or not: their daemons are so by any URI. */
  setReadOnly(kept: readonly WantedConnection[]): void {
    this.#daemons.keep(kept, this.#wanted);
    this.#retire();
  }

  /**
   * Ends the connections that nobody wants, or wants to be another way, and begins those that are new. One that an
   * operation holds stays as it is, and is shown, until that is over.
   */
  #retire(): void {
    if (this.#hasEnded) {
      return;
    }
    const busy: WantedConnection[] = [];
    const all = this.#wanted.map((one): WantedConnection =>
      this.#daemons.isKept(one.uri) ? { ...one, readOnly: true } : one,
    );
    for (const [uri, live] of this.#live) {
      const wanted = all.find((one) => one.uri === uri);
      const isAsBefore = wanted?.readOnly === live.wanted.readOnly && wanted?.onDemand === live.wanted.onDemand;
      if (wanted !== undefined && isAsBefore && !this.#daemons.isOutdated(wanted)) {
        continue;
      }
      if (!live.isBusy) {
        live.dispose();
        this.#live.delete(uri);
        this.#store.patchConnection(uri, { state: 'idle', capabilities: undefined, failure: undefined });
      } else if (wanted === undefined) {
        busy.push({ uri });
      }
    }
    this.#store.setWanted([...all, ...busy]);
    for (const wanted of all) {
      if (!this.#live.has(wanted.uri)) {
        this.#live.set(wanted.uri, new LiveConnection(wanted, this.#store, this.#options, () => this.#retire()));
      }
    }
    this.setAttention(this.#attention);
  }

  setAttention(attention: Attention): void {
    this.#attention = attention;
    for (const live of this.#live.values()) {
      const prefix = `${live.uri}#`;
      const vms = new Set(
        [...attention.vms].filter((key) => key.startsWith(prefix)).map((k) => k.slice(prefix.length)),
      );
      const visible = attention.visible && (attention.connections.has(live.uri) || vms.size > 0);
      live.setScope({ ...attention, visible, vms });
    }
  }

  /**
   * A connection or VM that was named rejects with its Failure. All together are those that are open or shown, and
   * each shows its own.
   */
  async refresh({ connection, vm }: { readonly connection?: string; readonly vm?: VmRef } = {}): Promise<void> {
    if (vm !== undefined) {
      await this.ask(vm.connection, (live) => live.read(vm.uuid, ['vm', 'tree']));
    } else if (connection !== undefined) {
      await this.ask(connection, (live) => live.refresh());
    } else {
      const used = this.#awake().filter((live) => live.isUsed());
      await Promise.all(used.map((live) => this.#try(live, 'refresh', live.refresh())));
    }
  }

  async sweep(connection?: string): Promise<void> {
    if (connection !== undefined) {
      await this.ask(connection, (live) => live.sweep());
    } else {
      const sweep = (live: LiveConnection): Promise<void> => this.#try(live, 'sweep', live.sweep());
      // A host that is slow to answer, or dead, keeps nobody waiting; what it says is seen when it comes.
      const isSlow = ({ uri, view }: LiveConnection): boolean => isFar(uri) && view?.state !== 'connected';
      const awake = this.#awake();
      awake.filter(isSlow).forEach((live) => void sweep(live));
      await Promise.all(awake.filter((live) => !isSlow(live)).map(sweep));
    }
  }

  /** Without those that wait to be asked for. */
  #awake(): readonly LiveConnection[] {
    const resting = this.#store.connections.filter(isResting).map(({ uri }) => uri);
    return [...this.#live.values()].filter(({ uri }) => !resting.includes(uri));
  }

  /** Tries one of several connections; each shows its own failure. */
  async #try(live: LiveConnection, what: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#options.log.debug(`${what} of ${live.uri}: ${asFailure(error).kind}`);
    }
  }

  /** @throws Failure `notFound` for one that is not known */
  of(uri: string): LiveConnection {
    const live = this.#live.get(uri) ?? this.#live.get(this.#wanted.find(({ name }) => name === uri)?.uri ?? '');
    if (live === undefined) {
      throw new Failure('notFound', { connection: uri });
    }
    return live;
  }

  /** Whatever goes wrong is a Failure. */
  async ask<T>(uri: string, question: (live: LiveConnection) => Promise<T>): Promise<T> {
    try {
      return await question(this.of(uri));
    } catch (error) {
      throw asFailure(error);
    }
  }

  dispose(): void {
    this.#hasEnded = true;
    for (const live of this.#live.values()) {
      live.dispose();
    }
    this.#live.clear();
  }
}
