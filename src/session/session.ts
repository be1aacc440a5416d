// One visit to the VMs without a window: opens the engine, finds VMs by name, makes requests of few words, plans and
// runs them. It refuses to know who asks, and asks nobody itself.
import type { Bisects } from '../bisect/bisects.js';
import { type Log, noLog } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { mayAct } from '../domain/automaticActions.js';
import { Failure } from '../domain/failure.js';
import type { AfterRevert, OperationRequest, OperationResult, VmTurn } from '../domain/operation.js';
import { protectionMatcher } from '../domain/protection.js';
import type { Refusal, RefusedDecision } from '../domain/refusal.js';
import type { Snapshot, SnapshotKind, SnapshotStyle } from '../domain/snapshot.js';
import type { StoredSystem } from '../domain/system.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { checkpointTitle } from '../domain/titleSuggestion.js';
import type { Vm } from '../domain/vm.js';
import { unreadableRefusals } from '../engine/leases/busyElsewhere.js';
import { keepIn } from '../journal/persistence.js';
import { connectSoon, requireSnapshotByName, requireVmByName } from '../engine/findTargets.js';
import type { Engine } from '../engine/engine.js';
import { UndoLook } from '../engine/undoLook.js';
import { type ConnectionView, type VmView, withoutResting } from '../live/views.js';
import type { Settings } from '../manifest/settings.js';
import { needsName } from '../operations/needsName.js';
import type { Plan } from '../operations/plan.js';
import { preferredAfter } from '../operations/revert/afterChoices.js';
import type { Systems } from '../systems/systems.js';
import type { CopiedFile, CopyOptions, FileCopy } from './fileCopy.js';
import { vmInfo } from './infos.js';
import { openEngine, type OpenEngineOptions } from './openEngine.js';
import type { VmInfo } from './publicTypes.js';
import { sessionFolder } from './sessionFolder.js';
import { SharedSettings } from './sharedSettings.js';
import { readOnlyConnections, wantedConnections } from './wantedConnections.js';

interface SessionOptions extends Pick<OpenEngineOptions, 'answers' | 'environment' | 'log' | 'shell'> {
  /** URIs or names. None: the defaults of this computer. */
  readonly connections?: readonly string[];
}

/** The options of a session on connections that are open already. */
interface OverOptions extends Partial<Omit<SessionOptions, 'connections'>> {
  /** Those that are open there; absent: its own, when they are needed. */
  readonly systems?: () => Promise<Systems>;
}

export interface CheckpointWish {
  /** Absent: `checkpoint` and the time. */
  readonly title?: string;
  readonly description?: string;
  /** It is kept until then, and goes afterwards: milliseconds since 1970. */
  readonly until?: number;
  readonly kind?: SnapshotKind;
  readonly style?: SnapshotStyle;
  readonly quiesce?: boolean;
  readonly live?: boolean;
  /** Absent: as it is set. */
  readonly seamless?: SeamlessWish;
  /** Disks that stay out, as the guest names them. */
  readonly without?: readonly string[];
}

type AutoWish = Pick<Extract<OperationRequest, { kind: 'create' }>, 'auto' | 'by'>;

/** `auto`: the guest stands still for milliseconds where QEMU can write its RAM while it runs on. */
export type SeamlessWish = 'auto' | 'never';

export interface RevertWish {
  readonly after?: AfterRevert;
  /** Absent: as it is set. */
  readonly checkpointFirst?: boolean;
  /** How that checkpoint is saved. Absent: as the setting says. */
  readonly seamless?: SeamlessWish;
}

export interface RunWish {
  readonly signal?: AbortSignal;
  readonly onWait?: (forWhat: VmTurn) => void;
  /** No old checkpoints are deleted after it, and nothing in the trash. */
  readonly keepsAll?: true;
  /** In its turn on the VM, when the journal has it: what is to be so while its steps run. */
  readonly around?: <T>(steps: () => Promise<T>) => Promise<T>;
  /** The id of the operation in the log that it undoes. */
  readonly undoes?: string;
  /** Nobody asked for it: Undo means what was done before it. */
  readonly unasked?: true;
}

/** What the last revert left. */
export interface UndoableRevert {
  readonly snapshot: Snapshot;
  /** The name of the snapshot that it went to. */
  readonly target?: string;
  /** Its id in the log: without it, what undoes next would undo the undo. */
  readonly undoes?: string;
  /** The state that the VM was in before it. */
  readonly after?: AfterRevert;
}

export interface ReachedVms {
  readonly views: readonly VmView[];
  readonly unreachable: readonly { readonly uri: string; readonly failure: Failure }[];
}

export class Session {
  readonly engine: Engine;
  readonly settings: Settings;
  /** The folder of the journal, the history and shared files. */
  readonly folder: string;

  readonly #isProtected: (vm: Pick<Vm, 'name' | 'uuid'>) => boolean;
  readonly #log: Log;
  readonly #shell: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #openSystems: () => Promise<Systems>;
  readonly #doubt: Refusal | undefined;
  #systems: Promise<Systems> | undefined;

  private constructor(
    engine: Engine,
    settings: Settings,
    folder: string,
    { log = noLog, shell = 'virt-rewind', environment = {}, systems }: OverOptions,
    doubt?: Refusal,
  ) {
    this.engine = engine;
    this.settings = settings;
    this.folder = folder;
    this.#log = log;
    this.#shell = shell;
    this.#environment = environment;
    this.#doubt = doubt;
    this.#openSystems = systems ?? (() => this.#ownSystems());
    this.#isProtected = protectionMatcher(settings.protectedVms);
    engine.setProtected(this.#isProtected);
  }

  /** Nothing is connected yet. */
  static async open(options: SessionOptions): Promise<Session> {
    const { connections = [], environment, log, shell, answers } = options;
    const folder = sessionFolder(environment);
    const { settings, doubt } = await new SharedSettings(folder, log).read();
    const asked = connections.map((uri) => ({ uri }));
    const engine = openEngine({
      log,
      environment,
      folder,
      shell,
      // A look ends soon: what broke off is brought to its end by who does something to that VM, or by an editor.
      recovers: 'beforeOperations',
      mayEndPools: () => mayAct('endPools', settings.automaticActions),
      answers,
    });
    engine.setAutoPrune(settings.keepCheckpoints);
    engine.setAutomaticActions(settings.automaticActions);
    engine.setReadOnly(readOnlyConnections(settings.connections, { environment }));
    engine.setConnections(wantedConnections(asked, { environment, known: settings.connections }));
    return new Session(engine, settings, folder, options, doubt);
  }

  /** What cannot be read of what we keep, and so forbids things until somebody sees to it. */
  async doubts(): Promise<readonly Refusal[]> {
    const unread = await unreadableRefusals(keepIn(this.folder, this.#log));
    return this.#doubt === undefined ? unread : [this.#doubt, ...unread];
  }

  /** A session on the open connections, with other settings. Their opener closes them. */
  static within(engine: Engine, settings: Settings, folder: string, options: OverOptions = {}): Session {
    return new Session(engine, settings, folder, options);
  }

  /** Waits for what follows an operation by itself. */
  async close(): Promise<void> {
    await this.engine.idle();
    this.engine.dispose();
  }

  /** All VMs, and which connections cannot be had. @throws Failure where none can */
  async reachAll(): Promise<ReachedVms> {
    const uris = withoutResting(this.engine.connections).map(({ uri }) => uri);
    const reached = await this.#tryEach(uris);
    const [first] = reached.unreachable;
    if (first !== undefined && reached.unreachable.length === uris.length) {
      throw first.failure;
    }
    return reached;
  }

  /** The members that are there, and which of their connections cannot be had. */
  async reachSystem({ system }: StoredSystem): Promise<ReachedVms> {
    const { unreachable } = await this.#tryEach(new Set(system.members.map(({ connection }) => connection)));
    return { views: system.members.flatMap((member) => this.engine.findVm(member) ?? []), unreachable };
  }

  async #tryEach(uris: Iterable<string>): Promise<ReachedVms> {
    const tried = await Promise.all(
      [...uris].map(async (uri): Promise<{ uri: string; view?: ConnectionView; failure?: Failure }> => {
        try {
          return { uri, view: await this.#lookAt(uri) };
        } catch (error) {
          return { uri, failure: asFailure(error) };
        }
      }),
    );
    return {
      views: tried.flatMap(({ view }) => view?.vms ?? []),
      unreachable: tried.flatMap(({ uri, failure }) => (failure === undefined ? [] : [{ uri, failure }])),
    };
  }

  /** What is known of a connection that was open before may be old: nothing is noticed while nobody looks. */
  async #lookAt(uri: string): Promise<ConnectionView> {
    const find = (): ConnectionView | undefined => this.engine.connections.find((one) => one.uri === uri);
    const wasOpen = find()?.state === 'connected';
    const view = await connectSoon(this.engine, uri);
    if (!wasOpen) {
      return view;
    }
    await this.engine.refresh({ connection: uri });
    return find() ?? view;
  }

  /** @throws Failure `notFound`, `ambiguous`, or that of a connection where the VM may be */
  vm(nameOrUuid: string): Promise<VmView> {
    return requireVmByName(this.engine, nameOrUuid);
  }

  /** By its name, or a title that only one has. @throws Failure `notFound`, `ambiguous` */
  snapshot(view: VmView, name: string): Promise<Snapshot> {
    return requireSnapshotByName(this.engine, view, name);
  }

  /** Several VMs as one. The code for them is loaded when it is needed. */
  systems(): Promise<Systems> {
    return (this.#systems ??= this.#openSystems());
  }

  async #ownSystems(): Promise<Systems> {
    const { Systems: Loaded } = await import('../systems/systems.js');
    const { engine, folder, settings } = this;
    return new Loaded({
      engine,
      folder,
      log: this.#log,
      shell: this.#shell,
      isProtected: this.#isProtected,
      automatic: () => settings.automaticActions,
    });
  }

  /** One file into a guest or out of it, by its agent. @throws Failure */
  async copyFile(
    view: VmView,
    copy: FileCopy,
    asked: Omit<CopyOptions, 'environment' | 'log' | 'engine'>,
  ): Promise<CopiedFile> {
    const { copyFileOf } = await import('./copyFile.js');
    return copyFileOf(view, copy, { ...asked, engine: this.engine, environment: this.#environment, log: this.#log });
  }

  /** Searches for the first bad restore point. Loaded when it is needed. */
  async bisects(): Promise<Bisects> {
    const { Bisects: Loaded } = await import('../bisect/bisects.js');
    return new Loaded({
      engine: this.engine,
      folder: this.folder,
      log: this.#log,
      environment: this.#environment,
    });
  }

  /** Its members may be on connections that this visit was not told of. */
  reachMembers({ system }: StoredSystem): void {
    this.reach(...system.members.map(({ connection }) => connection));
  }

  /** Beside the connections that are known. */
  reach(...connections: readonly string[]): void {
    const known = this.engine.connections.map(({ uri }) => uri);
    this.engine.setConnections([...new Set([...known, ...connections])]);
  }

  /** As it is known now. @throws Failure `notFound` */
  view({ ref, vm }: VmView): VmView {
    const view = this.engine.findVm(ref);
    if (view === undefined) {
      throw new Failure('notFound', { vm: vm.name, connection: ref.connection });
    }
    return view;
  }

  isProtected(vm: Pick<Vm, 'name' | 'uuid'>): boolean {
    return this.#isProtected(vm);
  }

  infoOf(view: VmView): VmInfo {
    return vmInfo(view, this.#isProtected);
  }

  async checkpointRequest({ ref }: VmView, wish: CheckpointWish & AutoWish): Promise<OperationRequest> {
    const { snapshots } = await this.engine.readTree(ref);
    const { snapshotStyle } = this.settings;
    const { kind = 'auto', title = checkpointTitle(snapshots, new Date()), seamless, ...more } = wish;
    const style = snapshots.length > 0 || snapshotStyle === 'auto' || wish.without ? {} : { style: snapshotStyle };
    return { kind: 'create', vm: ref, snapshotKind: kind, title, ...style, ...this.seamlessWish(seamless), ...more };
  }

  /** What a snapshot with RAM is to be, unless told otherwise. */
  seamlessWish(wish?: SeamlessWish): { readonly seamless?: true } {
    const wanted = wish ?? (this.settings.seamlessSnapshots === 'whereItWorks' ? 'auto' : 'never');
    return wanted === 'auto' ? { seamless: true } : {};
  }

  revertRequest(
    { ref, vm }: VmView,
    snapshot: Snapshot,
    { after, checkpointFirst = this.settings.checkpointFirst, seamless }: RevertWish,
  ): Extract<OperationRequest, { kind: 'revert' }> {
    return {
      ...(checkpointFirst ? this.seamlessWish(seamless) : {}),
      kind: 'revert',
      vm: ref,
      snapshot: snapshot.name,
      after: after ?? preferredAfter(this.settings.revertPowerState, snapshot, vm.power),
      checkpointFirst,
    };
  }

  /** What the last revert left; undefined where none can be undone. */
  async findUndoableRevert({ ref }: VmView): Promise<UndoableRevert | undefined> {
    const checkpoint = await this.engine.undoOfRevert(ref);
    if (checkpoint === undefined) {
      return undefined;
    }
    const look = await UndoLook.at(this.engine, ref);
    const snapshot = findSnapshot(look.tree, checkpoint.name);
    const undone = look.undoneByRevertTo(checkpoint.name);
    return (
      snapshot && {
        snapshot,
        ...(checkpoint.target !== undefined && { target: checkpoint.target }),
        ...(undone !== undefined && { undoes: undone.entry.id, after: undone.after }),
      }
    );
  }

  /** @throws Failure `refused` when it cannot be done here, `cancelled` */
  async plan(view: VmView, request: OperationRequest, signal?: AbortSignal): Promise<Plan> {
    return requirePlan(view, request, await this.engine.plan(request, signal));
  }

  /** Whether its owner must have typed the VM's name for it. */
  needsName({ vm }: VmView, plan: Plan): boolean {
    return this.isProtected(vm) && needsName(plan.request, plan);
  }

  /**
   * As it was planned. What QEMU can do is asked when it is done: the RAM may be kept too then, by which nothing is
   * lost.
   */
  run(plan: Plan, wish: RunWish = {}): Promise<OperationResult> {
    const mayHoldMore = plan.warnings.some((one) => one.kind === 'mayBeKeptWhileRunning' && one.only === 'thenRam');
    return this.engine.runOperation(plan.request, { ...wish, ...(mayHoldMore ? {} : { confirmed: plan }) });
  }
}

/** @throws Failure `refused` */
export function requirePlan<P extends { readonly kind: 'plan' } = Plan>(
  view: VmView,
  request: OperationRequest,
  decision: P | RefusedDecision,
): P {
  if (decision.kind === 'refusal') {
    throw refusedFailure(view, request, decision.refusal);
  }
  return decision;
}

export function refusedFailure({ ref, vm }: VmView, request: OperationRequest, refusal: Refusal | undefined): Failure {
  return new Failure('refused', {
    connection: ref.connection,
    vm: vm.name,
    ...('snapshot' in request && { snapshot: request.snapshot }),
    ...(refusal !== undefined && { refusal }),
  });
}
