// The engine: hands each question to the connection it is about. It refuses to know the editor.
import type { OpenHypervisor } from '../driver/hypervisor.js';
import type { NotedCopies } from './copies.js';
import { requireOpen } from '../driver/door.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { HostLogin, LoginUse } from '../hosts/hostLogin.js';
import type { Log } from '../base/log.js';
import type { Examination } from '../diagnosis/examination.js';
import type { MarkRequest } from '../domain/loggedOperation.js';
import type { BlockMap } from '../domain/blockMap.js';
import type { VmLayers } from '../domain/layers.js';
import type { Hardware } from '../domain/hardware.js';
import type { OperationRequest, OperationResult } from '../domain/operation.js';
import type { AutoSnapshot } from '../domain/facts.js';
import type { CloneDisk } from '../operations/clone/cloneDisks.js';
import type { Decision } from '../operations/plan.js';
import type { AutomaticActions } from '../domain/automaticActions.js';
import type { AgreedRecovery, InterruptedPreview } from '../operations/interrupted.js';
import type { RecoveryReport } from '../domain/recoveryReport.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import type { Vm, VmRef } from '../domain/vm.js';
import { isCalled, type WantedConnection } from '../domain/wantedConnection.js';
import type { VmFiles } from '../domain/vmFiles.js';
import type { VmAsMade, UseOfVm } from '../domain/clone.js';
import { asFailure } from '../domain/asFailure.js';
import { type Clock, systemClock } from '../base/clock.js';
import { DemoVms } from './demoVms.js';
import { labVms } from './labVms.js';
import { Guests } from './guests.js';
import type { DecidedRequests, DemoVmsPort, GuestsPort, EnginePort, LabVmsPort } from './enginePort.js';
import { SnapshotMarks, trustedRecords, undoOf } from './after/autoSnapshots.js';
import { keepIn, keepNothing, type Persistence } from '../journal/persistence.js';
import type { SnapshotWishes } from './snapshotWishes.js';
import type { LayerReader } from './look/layerReader.js';
import { Connections } from '../live/connections.js';
import type { LiveOptions } from '../live/liveOptions.js';
import type { RunOperationOptions } from './operationRunner.js';
import type { OperationService } from './operationService.js';
import { requireVm, Store } from '../live/store.js';
import type { Rules } from './run/rules.js';
import type { Questions } from './questions.js';
import type { SlowLook } from '../operations/slowLook.js';
import type { Attention, ConnectionView, StoreChange, VmView } from '../live/views.js';

export interface EngineOptions {
  readonly open: OpenHypervisor;
  readonly log: Log;
  readonly clock?: Clock;
  /** From 0 to 1, as Math.random, for the jitter of the back-off. */
  readonly random?: () => number;
  /** Where the journal, the audit and the records are kept; without it nothing that can break off is carried out. */
  readonly journal?: { readonly folder: string; readonly editor?: string } | Persistence;
  readonly rules?: Rules;
  /**
   * When an operation that had broken off is taken up: as soon as a connection is open, or before the next operation on
   * its VM, for a process that ends soon. Absent: `whenOpen`.
   */
  readonly recovers?: 'whenOpen' | 'beforeOperations';
}

export class Engine implements EnginePort {
  readonly onDidChange: Event<StoreChange>;
  readonly demoVms: DemoVmsPort;
  readonly labVms: LabVmsPort = labVms((uri, question) => this.#connections.ask(uri, question), {
    filesInUse: (...of) => this.filesInUse(...of),
    leaseAll: (...asked) => this.leaseAll(...asked),
    dismissInterrupted: (vm) => this.dismissInterrupted(vm),
  });
  readonly guests: GuestsPort;
  readonly #options: Omit<LiveOptions, 'beside'>;
  readonly #store: Store;
  readonly #persistence: Persistence;
  /** What acts, and decides what to do: half of the code, loaded when it is needed. To show VMs takes none of it. */
  #operationService: Promise<OperationService> | undefined;
  readonly #recovered = new Emitter<RecoveryReport>();
  readonly onDidRecover = this.#recovered.event;
  readonly #slow = new Emitter<SlowLook>();
  readonly onDidWait = this.#slow.event;
  readonly #rules: Rules | undefined;
  #isProtected: (vm: Vm, connection: string) => boolean = () => false;
  /** How many checkpoints of a sort a VM keeps, unless somebody says otherwise. */
  #keep: Readonly<Record<'revert' | 'work', number | 'everything'>> = { revert: 3, work: 'everything' };
  #automatic: AutomaticActions = 'all';
  readonly #marks: SnapshotMarks;
  readonly #ended = new AbortController();
  readonly #connections: Connections;

  constructor({ open, log, clock = systemClock, random = Math.random, journal, rules, recovers }: EngineOptions) {
    this.#options = {
      open,
      log,
      clock,
      random,
      whenOpen: (uri) => (recovers === 'beforeOperations' ? undefined : this.#recover(uri)),
    };
    this.#store = new Store(log);
    this.onDidChange = this.#store.onDidChange;
    this.#persistence =
      journal === undefined ? keepNothing : 'folder' in journal ? keepIn(journal.folder, log, journal.editor) : journal;
    this.#connections = new Connections(this.#store, { ...this.#options, memory: this.#persistence.daemons });
    this.#marks = new SnapshotMarks(this.#store, this.#persistence, log);
    this.#rules = rules;
    this.demoVms = new DemoVms(this.#persistence, {
      ask: (uri, question) => this.#connections.ask(uri, question),
      filesInUse: this.filesInUse,
    });
    this.guests = new Guests((uri, ask) => this.#connections.ask(uri, ask), this.#persistence);
  }

  #acting(): Promise<OperationService> {
    return (this.#operationService ??= this.#loadOperations());
  }

  async #loadOperations(): Promise<OperationService> {
    const { OperationService: Loaded } = await import('./operationService.js');
    const operationService = new Loaded({
      ...this.#options,
      store: this.#store,
      persistence: this.#persistence,
      rules: this.#rules,
      connection: (uri) => this.#connections.of(uri),
      isProtected: (vm, connection) => this.#isProtected(vm, connection),
      keep: (sort) => this.#keep[sort],
      automatic: () => this.#automatic,
      ended: this.#ended.signal,
    });
    operationService.onDidRecover((report) => this.#recovered.fire(report));
    return operationService;
  }

  #recover(uri: string): void {
    this.#acting()
      .then((operationService) => operationService.recover(uri))
      .catch((error: unknown) =>
        this.#options.log.error(`what was interrupted on ${uri} is left for now: ${String(error)}`),
      );
  }

  get connections(): readonly ConnectionView[] {
    return this.#store.connections;
  }

  setConnections(wanted: readonly (string | WantedConnection)[]): void {
    this.#connections.setWanted(wanted);
  }

  setReadOnly(kept: readonly WantedConnection[]): void {
    this.#connections.setReadOnly(kept);
  }

  requireOpen(connection: string, vm?: string): Promise<void> {
    return this.#connections.ask(connection, async (live) => requireOpen(await live.open(), vm));
  }

  connect(uri: string): Promise<ConnectionView> {
    return this.#connections.ask(uri, (live) => live.connect());
  }

  setAttention(attention: Attention): void {
    this.#connections.setAttention(attention);
  }

  readonly refresh: EnginePort['refresh'] = (what) => this.#connections.refresh(what);

  sweep(connection?: string): Promise<void> {
    return this.#connections.sweep(connection);
  }

  readLayers(ref: VmRef): Promise<VmLayers> {
    return this.#connections.ask(ref.connection, async (live) => (await this.#layers()).layers(live, ref));
  }

  readFiles(ref: VmRef, sumsOf?: readonly (string | undefined)[]): Promise<VmFiles> {
    return this.#connections.ask(ref.connection, async (live) => (await this.#layers()).files(live, ref, sumsOf));
  }

  readBlockMap(ref: VmRef, target: string): Promise<BlockMap> {
    return this.#connections.ask(ref.connection, async (live) => (await this.#layers()).blockMap(live, ref, target));
  }

  readDisks(ref: VmRef, snapshot?: string): Promise<readonly CloneDisk[] | 'elsewhere'> {
    return this.#connections.ask(ref.connection, async () => (await this.#questions()).readDisks(ref, snapshot));
  }

  openHost(connection: string, use: LoginUse): Promise<HostLogin | undefined> {
    return this.#connections.ask(connection, async (live) => (await live.open()).openHost(use));
  }

  withCopies<T>(connection: string, work: (copies: NotedCopies) => Promise<T>): Promise<T> {
    return this.#connections.ask(connection, async (live) =>
      work(await (await import('./copies.js')).copiesOn(live, this.#persistence)),
    );
  }

  readonly keeperOf: EnginePort['keeperOf'] = async (ref) => (await this.#questions()).keeperOf(ref);

  findVm(ref: VmRef): VmView | undefined {
    return this.#store.vm(ref);
  }

  findVms(nameOrUuid: string, connection?: string): readonly VmView[] {
    const uuid = nameOrUuid.toLowerCase();
    return this.connections
      .filter((one) => connection === undefined || isCalled(one, connection))
      .flatMap(({ vms }) => vms.filter(({ ref, vm }) => vm.name === nameOrUuid || ref.uuid === uuid));
  }

  async readTree(ref: VmRef): Promise<SnapshotTree> {
    return this.#connections.ask(ref.connection, async (live) => {
      if (!live.isFollowed(ref.uuid)) {
        await live.read(ref.uuid, ['vm', 'tree']);
      }
      return requireVm(this.#store, ref).tree;
    });
  }

  async plan(request: OperationRequest, signal?: AbortSignal): Promise<Decision> {
    const [{ decision }] = await this.decide([request], signal);
    return decision;
  }

  async decide<const T extends readonly OperationRequest[]>(
    requests: T,
    signal?: AbortSignal,
  ): Promise<DecidedRequests<T>> {
    try {
      return await (await this.#questions()).decide(requests, signal);
    } catch (error) {
      throw asFailure(error);
    }
  }

  async runOperation(request: OperationRequest, options: RunOperationOptions = {}): Promise<OperationResult> {
    const result = await (await this.#acting()).run(request, options);
    await (request.kind === 'create' && request.until !== undefined ? this.#marks.renew(request.vm) : undefined);
    return result;
  }

  readonly holdDebugger: EnginePort['holdDebugger'] = async (vm) => (await this.#acting()).hold({ kind: 'debug', vm });

  readonly discardIfSpent: EnginePort['discardIfSpent'] = async (ref) => (await this.#acting()).discardIfSpent(ref);

  readonly leaseAll: EnginePort['leaseAll'] = async (...asked) => (await this.#acting()).leaseAll(...asked);

  usesSinceMade(ref: VmRef, made: VmAsMade): Promise<readonly UseOfVm[]> {
    return this.#connections.ask(ref.connection, async () => (await this.#questions()).usesSinceMade(ref, made));
  }

  readonly filesInUse: EnginePort['filesInUse'] = (connection, ...of) =>
    this.#connections.ask(connection, async () => (await this.#questions()).filesInUse(connection, ...of));

  examine(ref: VmRef): Promise<Examination> {
    return this.#connections.ask(ref.connection, async () => (await this.#questions()).examine(ref));
  }

  async undoOfRevert(ref: VmRef): Promise<AutoSnapshot | undefined> {
    return undoOf(await this.readTree(ref), await this.#persistence.marks.auto.of(ref));
  }

  async madeSnapshots(ref: VmRef, why: AutoSnapshot['why']): Promise<readonly AutoSnapshot[]> {
    const records = await this.#persistence.marks.auto.of(ref);
    return trustedRecords(await this.readTree(ref), records).filter((record) => record.why === why);
  }

  readonly readLog: EnginePort['readLog'] = (ref) => this.#persistence.operations.of(ref);

  async mark(request: MarkRequest, undoes?: string, asked?: 'unasked'): Promise<void> {
    await (await this.#wishes()).mark(request, undoes, asked);
    await this.#marks.renew(request.vm);
  }

  readonly trashMarks: EnginePort['trashMarks'] = async (ref) => (await this.#wishes()).readTrash(ref);

  readonly overInTrash: EnginePort['overInTrash'] = async (...of) => (await this.#wishes()).overInTrash(...of);

  readonly trashedSnapshots: EnginePort['trashedSnapshots'] = async (ref) =>
    (await this.trashMarks(ref)).map(({ name }) => name);

  readonly keptSnapshots: EnginePort['keptSnapshots'] = async (ref) => (await this.#wishes()).readKept(ref);

  readonly datedSnapshots: EnginePort['datedSnapshots'] = async (ref) => (await this.#wishes()).readDated(ref);

  readonly vmsWithExpired: EnginePort['vmsWithExpired'] = async (now) => (await this.#wishes()).vmsWithExpired(now);

  readonly setKept: EnginePort['setKept'] = (vm, snapshots, kept, { unasked, ...how } = {}) =>
    this.mark({ kind: 'keep', vm, snapshots, kept, ...how }, undefined, unasked && 'unasked');

  readonly readFavourite: EnginePort['readFavourite'] = async (ref) => (await this.#wishes()).favourite(ref);

  setFavourite(vm: VmRef, snapshot: string | undefined): Promise<void> {
    return this.mark({ kind: 'favourite', vm, ...(snapshot === undefined ? {} : { snapshot }) });
  }

  readonly dismissInterrupted: EnginePort['dismissInterrupted'] = (ref) =>
    this.#connections.ask(ref.connection, async () => (await this.#acting()).dismissInterrupted(ref));

  readInterrupted(ref: VmRef): Promise<readonly InterruptedPreview[]> {
    return this.#connections.ask(ref.connection, async () => (await this.#acting()).readInterrupted(ref));
  }

  finishInterrupted(ref: VmRef, agreed: readonly AgreedRecovery[]): Promise<readonly RecoveryReport['outcome'][]> {
    return this.#connections.ask(ref.connection, async () => (await this.#acting()).finishInterrupted(ref, agreed));
  }

  setAutomaticActions(setting: AutomaticActions): void {
    this.#automatic = setting;
  }

  setProtected(isProtected: (vm: Vm, connection: string) => boolean): void {
    this.#isProtected = isProtected;
  }

  setAutoPrune(revert: number | 'everything', work: number | 'everything' = 'everything'): void {
    this.#keep = { revert, work };
  }

  readVmXml(ref: VmRef): Promise<string> {
    return this.#connections.ask(ref.connection, async (live) => (await live.open()).readVmXml(ref.uuid));
  }

  readSnapshotXml(ref: VmRef, snapshot: string): Promise<string> {
    return this.#connections.ask(ref.connection, async (live) =>
      (await live.open()).readSnapshotXml(ref.uuid, snapshot),
    );
  }

  readHardware(ref: VmRef, snapshot?: string): Promise<Hardware> {
    return this.#connections.ask(ref.connection, async (live) => {
      const hypervisor = await live.open();
      const { uuid } = ref;
      const read = snapshot === undefined ? hypervisor.readConfigured(uuid) : hypervisor.readFrozen(uuid, snapshot);
      return (await read).hardware();
    });
  }

  readonly idle = async (): Promise<void> => (await this.#operationService)?.idle();

  /** Running operations are asked to cancel and waiting ones are; what a daemon has begun it ends without us. */
  dispose(): void {
    this.#ended.abort();
    this.#connections.dispose();
    void this.#operationService?.then((operationService) => operationService.dispose());
    this.#marks.dispose();
    this.#store.dispose();
  }

  /** Loaded when somebody marks a snapshot, or asks who is marked before it acts. */
  readonly #wishes = async (): Promise<SnapshotWishes> =>
    new (await import('./snapshotWishes.js')).SnapshotWishes(this.#persistence, this);

  /** Loaded when somebody wants to see files themselves. */
  readonly #layers = async (): Promise<LayerReader> =>
    new (await import('./look/layerReader.js')).LayerReader({ ...this.#options, store: this.#store });

  /** The rules are read when the first one asks. */
  async #questions(): Promise<Questions> {
    const { Questions } = await import('./questions.js');
    const own = { store: this.#store, persistence: this.#persistence };
    return new Questions({
      ...this.#options,
      ...own,
      connection: (uri) => this.#connections.of(uri),
      onSlow: (look) => this.#slow.fire(look),
    });
  }
}
