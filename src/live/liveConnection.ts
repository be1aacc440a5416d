// One connection and its VMs, live while somebody looks. It refuses to know the other connections.
import type { Hypervisor, VmEvent } from '../driver/hypervisor.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { type Log, scopeLog } from '../base/log.js';
import { Failure } from '../domain/failure.js';
import { isActive } from '../domain/vm.js';
import type { WantedConnection } from '../domain/wantedConnection.js';
import { asFailure } from '../domain/asFailure.js';
import { type Clock, within } from '../base/clock.js';
import { ConnectionKeeper, type KeeperState } from './connectionKeeper.js';
import { LastSeen } from './lastSeen.js';
import { LayerWatch } from './layerWatch.js';
import { Neighbours } from './neighbours.js';
import { lazyOtherVms } from './lazyOtherVms.js';
import type { Store } from './store.js';
import { PausedVms } from './pausedVms.js';
import { Refresher } from './refresher.js';
import type { LiveOptions } from './liveOptions.js';
import { type Aspect, staleAfter } from './staleness.js';
import type { Attention, ConnectionView } from './views.js';
import { VmReader, unreadVm } from './vmReader.js';
import { type WatchedVm, Watcher } from './watcher.js';

/** The first list is shown after so long even if some VMs gave no answer yet. */
const firstListMs = 2000;
/** Where the list itself took so long, each answer does: the names are shown, and the rest follows. */
const longWayMs = 40;

/** What of this connection is looked at. */
interface ConnectionScope extends Pick<Attention, 'visible' | 'silent'> {
  /** UUIDs of the VMs whose snapshots are shown. */
  readonly vms: ReadonlySet<string>;
}

export class LiveConnection implements Disposable {
  readonly uri: string;
  readonly otherVms: ReturnType<typeof lazyOtherVms>;
  readonly neighbours: Neighbours;
  readonly #whenOpen: LiveOptions['whenOpen'];
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #keeper: ConnectionKeeper;
  readonly #reader: VmReader;
  readonly #refresher: Refresher;
  readonly #layers: LayerWatch;
  readonly #watcher: Watcher;
  readonly #lastSeen: LastSeen;
  /** VMs on which an operation of ours runs. */
  readonly paused = new PausedVms();
  #scope: ConnectionScope = { visible: false, vms: new Set() };
  #listIsStale = true;
  #listing: Promise<void> | undefined;
  #events = new DisposableStore();

  /** @param released called when the last VM that an operation held is free again */
  constructor(
    readonly wanted: WantedConnection,
    store: Store,
    options: LiveOptions,
    readonly released: () => void,
  ) {
    const { uri } = wanted;
    this.uri = uri;
    this.#store = store;
    this.#clock = options.clock;
    this.#lastSeen = new LastSeen(uri, store, options.clock);
    this.#log = scopeLog(options.log, uri);
    this.#whenOpen = options.whenOpen;
    const isHeld = (uuid: string): boolean => this.paused.has(uuid);
    this.otherVms = lazyOtherVms({ clock: options.clock, log: this.#log, isHeld });
    this.neighbours = new Neighbours({ uri, clock: options.clock, log: this.#log, all: () => options.beside(uri) });
    this.#keeper = new ConnectionKeeper({ ...options, ...wanted, log: this.#log });
    this.#reader = new VmReader({
      uri,
      store,
      clock: options.clock,
      inAttention: (uuid) => this.#isOpen(uuid),
      afterTree: (uuid) => this.#layers.soon(this.#isOpen(uuid) ? [uuid] : []),
    });
    this.#refresher = new Refresher({
      clock: options.clock,
      log: this.#log,
      read: (uuid, aspects) => this.#reader.read(uuid, aspects),
      isLive: () => this.#isLive(),
      isHeld,
    });
    this.#layers = new LayerWatch({
      uri,
      store,
      clock: options.clock,
      log: this.#log,
      readVm: (uuid) => this.read(uuid, ['vm', 'tree']),
      readList: () => this.#readList(),
      isHeld,
      open: () => this.#keeper.hypervisor,
      isLookedAt: () => this.#scope.visible,
    });
    this.#watcher = new Watcher(options.clock, this.#log, {
      isLookedAt: () => !this.#scope.silent,
      watchedVms: () => this.#shownVms(),
      look: (uuid, { roll, alsoVm }) => this.#reader.read(uuid, alsoVm ? ['look', 'vm'] : ['look'], roll),
      readList: () => {
        this.#layers.soon([...this.#scope.vms].filter((uuid) => this.#isOpen(uuid)));
        return this.#readList();
      },
      listIsStale: () => this.#listIsStale,
      store: () => store.connection(uri),
    });
    this.#keeper.onDidChange((state) => this.#follow(state));
  }

  setScope(scope: ConnectionScope): void {
    const before = this.#scope;
    this.#scope = scope;
    const isNew = (uuid: string): boolean => scope.visible && !(before.visible && before.vms.has(uuid));
    // What its disks were when only its snapshots were counted may be older than the tree.
    [...scope.vms].filter(isNew).forEach((uuid) => this.#refresher.mark(uuid, ['vm', 'tree']));
    if (scope.visible && !before.visible) {
      this.#listIsStale = true;
      this.#markAll(['look']);
    }
    this.#keeper.setEnabled(scope.visible);
    if (!scope.visible) {
      this.#refresher.pause();
      this.#watcher.stop();
    } else if (this.#keeper.hypervisor !== undefined) {
      this.#catchUp();
      if (!before.visible) {
        this.#watcher.start();
      }
    }
  }

  /** Resolves when connected and the VMs that are there now are read. Rejects with a Failure. */
  async connect(): Promise<ConnectionView> {
    await this.#keeper.connect();
    // While nobody looks, VMs come and go unseen.
    const isOld = this.#listIsStale || this.#listing !== undefined || !this.#isLive();
    if (isOld || this.#store.connection(this.uri)?.loaded !== true) {
      await this.#readList();
    }
    const view = this.#store.connection(this.uri);
    if (view === undefined) {
      throw new Failure('notFound', { connection: this.uri });
    }
    return view;
  }

  /** It is open, or would be: what "everything" means when everything is to be read again. */
  isUsed(): boolean {
    return this.#scope.visible || this.#keeper.hypervisor !== undefined;
  }

  /** The open connection, without reading anything over it. */
  open(): Promise<Hypervisor> {
    return this.#keeper.connect();
  }

  get view(): ConnectionView | undefined {
    return this.#store.connection(this.uri);
  }

  /** What broke off is taken up now, or when the connection is open again. */
  recoverWhenOpen(): void {
    if (this.#keeper.hypervisor !== undefined) {
      this.#whenOpen(this.uri);
    }
  }

  /** Everything again: the list, every VM, and the snapshots of those whose snapshots have been read. */
  async refresh(): Promise<void> {
    await this.#keeper.connect();
    for (const { ref, tree } of this.#store.connection(this.uri)?.vms ?? []) {
      this.#refresher.mark(ref.uuid, ['vm', tree === undefined ? 'look' : 'tree']);
    }
    await this.#readList();
  }

  /**
   * Sizes and chains of all VMs, in one call where the VMs are known. A connection that refused us is left alone until
   * somebody asks for it: it may ask a person for a password each time.
   */
  async sweep(): Promise<void> {
    const before = this.#store.connection(this.uri);
    if (before?.state === 'failed' && before.failure?.kind === 'denied') {
      throw before.failure;
    }
    const hypervisor = await this.#keeper.connect();
    if (this.#store.connection(this.uri)?.loaded !== true) {
      await this.#readList();
    }
    await this.#layers.sweep(hypervisor);
  }

  /** Reads aspects of one VM now, whether somebody looks or not. Rejects with a Failure. */
  async read(uuid: string, aspects: readonly Aspect[]): Promise<void> {
    await this.#keeper.connect();
    await this.#reader.read(uuid, [...this.#refresher.take(uuid), ...aspects]);
  }

  /** The snapshots of this VM are read, and followed so closely that they need not be read again. */
  isFollowed(uuid: string): boolean {
    return this.#isLive() && this.#isOpen(uuid) && this.#reader.view(uuid)?.tree !== undefined;
  }

  isPaused(uuid: string): boolean {
    return this.paused.has(uuid);
  }

  /** An operation of ours runs on one of its VMs. */
  get isBusy(): boolean {
    return this.paused.size > 0;
  }

  /** Until the returned function is called, nothing but `read` asks anything of this VM. */
  pauseReads(uuid: string): () => void {
    this.paused.add(uuid);
    return () => {
      this.paused.delete(uuid);
      this.#layers.noteChange(uuid);
      this.#watcher.stir();
      this.#refresher.flushSoon();
      if (!this.isBusy) {
        this.released();
      }
    };
  }

  dispose(): void {
    this.#events.dispose();
    this.#watcher.dispose();
    this.#refresher.dispose();
    this.#layers.dispose();
    this.#keeper.dispose();
    this.#reader.setHypervisor(undefined);
  }

  #isLive(): boolean {
    return this.#scope.visible && this.#keeper.hypervisor !== undefined;
  }

  #isOpen(uuid: string): boolean {
    return this.#scope.visible && this.#scope.vms.has(uuid);
  }

  #shownVms(): readonly WatchedVm[] {
    const vms = this.#store.connection(this.uri)?.vms ?? [];
    return vms
      .filter(({ ref }) => !this.paused.has(ref.uuid) && !this.#reader.isResting(ref.uuid))
      .map(({ ref, tree }) => ({ uuid: ref.uuid, snapshots: this.#isOpen(ref.uuid) ? tree?.snapshots : undefined }));
  }

  #follow(state: KeeperState): void {
    const blank = { failure: undefined, retryAt: undefined, nextTryAt: undefined };
    this.#events.dispose();
    this.#events = new DisposableStore();
    switch (state.state) {
      case 'idle':
      case 'connecting':
        this.#store.patchConnection(this.uri, { ...blank, state: state.state });
        return;
      case 'failed':
        this.#watcher.stop();
        this.#refresher.pause();
        this.#reader.setHypervisor(undefined);
        this.#store.patchConnection(this.uri, { ...blank, ...state, lastSeenAt: this.#lastSeen.from() });
        return;
      case 'connected': {
        const { hypervisor } = state;
        this.#events.add(hypervisor.onDidChangeVm((event) => this.#note(event)));
        this.#events.add(this.#lastSeen.follow(hypervisor));
        this.#reader.setHypervisor(hypervisor);
        this.#listIsStale = true;
        this.#markAll(['vm', 'look']);
        this.#store.patchConnection(this.uri, {
          ...blank,
          state: 'connected',
          lastSeenAt: undefined,
          capabilities: hypervisor.capabilities,
        });
        if (this.#scope.visible) {
          this.#catchUp();
          this.#watcher.start();
        }
        this.#whenOpen(this.uri);
      }
    }
  }

  #note(event: VmEvent): void {
    this.#refresher.mark(event.uuid, staleAfter(event.kind, this.#isOpen(event.uuid)));
    this.#watcher.stir();
    this.#refresher.flushSoon();
  }

  #markAll(aspects: readonly Aspect[]): void {
    const vms = this.view?.vms ?? [];
    vms.forEach(({ ref: { uuid } }) => this.#refresher.mark(uuid, this.#isOpen(uuid) ? [...aspects, 'tree'] : aspects));
  }

  #catchUp(): void {
    const reading = this.#listIsStale ? this.#readList() : this.#refresher.flush();
    reading.catch((error: unknown) => {
      // Still stale: a lost connection reads it when it is back, and the poll tries again otherwise.
      this.#log.warn(`could not list the VMs: ${asFailure(error).kind}`);
    });
  }

  #readList(): Promise<void> {
    this.#listing ??= this.#list().finally(() => (this.#listing = undefined));
    return this.#listing;
  }

  async #list(): Promise<void> {
    const hypervisor = await this.#keeper.connect();
    const askedAt = this.#clock.ticks();
    const heads = await hypervisor.listVms();
    const isLongWay = this.#clock.ticks() - askedAt >= longWayMs;
    this.#listIsStale = false;
    const present = new Set(heads.map((head) => head.uuid));
    for (const { ref } of this.#store.connection(this.uri)?.vms ?? []) {
      if (!present.has(ref.uuid)) {
        this.#refresher.take(ref.uuid);
        this.#reader.forget(ref.uuid);
        this.#store.removeVm(ref);
      }
    }
    for (const head of heads) {
      const known = this.#reader.view(head.uuid)?.vm;
      if (known?.name !== head.name || isActive(known.power) !== head.active) {
        this.#refresher.mark(head.uuid, ['vm', 'look']);
      }
    }
    const reading = this.#refresher.flush();
    if (this.#store.connection(this.uri)?.loaded === true) {
      await reading;
      return;
    }
    const isRead = within(this.#clock, firstListMs, reading, undefined);
    await (isLongWay ? undefined : isRead);
    const unread = heads.filter(({ uuid }) => this.#reader.view(uuid) === undefined);
    unread.forEach((head) => this.#store.putVm(this.#reader.ref(head.uuid), { vm: unreadVm(head) }));
    if (this.#keeper.hypervisor === hypervisor) {
      this.#store.patchConnection(this.uri, { loaded: true });
    }
    await isRead;
  }
}
