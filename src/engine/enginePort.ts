// The live picture of all connections, and the only place where it is written.
import type { Event } from '../base/emitter.js';
import type { HostLogin, LoginUse } from '../hosts/hostLogin.js';
import type { VmAsMade, UseOfVm } from '../domain/clone.js';
import type { DemoVm, DemoVmObstacle } from '../domain/demoVm.js';
import type { MadeFile } from '../domain/hostFiles.js';
import type { LabNetwork, LabNetworkState, LabVm, LabVmObstacle, LabVmParts } from '../domain/labVm.js';
import type { GuestAddress, GuestPort } from '../domain/guestAddress.js';
import type { Chord, Click } from '../domain/keys.js';
import type { GuestCommand, GuestRun } from '../domain/guestCommand.js';
import type { NotedCopies } from './copies.js';
import type { KeptBy } from '../domain/keeper.js';
import type { GuestLine } from '../driver/guestAccess.js';
import type { LabVmMaker } from '../driver/hypervisor.js';
import type { Hardware } from '../domain/hardware.js';
import type { Tuning } from '../domain/speed.js';
import type { LoggedOperation, MarkRequest } from '../domain/loggedOperation.js';
import type { BlockMap } from '../domain/blockMap.js';
import type { VmLayers } from '../domain/layers.js';
import type { OperationRequest, OperationResult, VmTurn } from '../domain/operation.js';
import type { Examination } from '../diagnosis/examination.js';
import type { AutoSnapshot } from '../domain/facts.js';
import type { CloneDisk } from '../operations/clone/cloneDisks.js';
import type { Decision, Plan } from '../operations/plan.js';
import type { AutomaticActions } from '../domain/automaticActions.js';
import type { AgreedRecovery, InterruptedPreview } from '../operations/interrupted.js';
import type { RecoveryReport } from '../domain/recoveryReport.js';
import type { Refusal } from '../domain/refusal.js';
import type { SlowLook } from '../operations/slowLook.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import type { Vm, VmRef } from '../domain/vm.js';
import type { WantedConnection } from '../domain/wantedConnection.js';
import type { VmFiles } from '../domain/vmFiles.js';
import type { DatedSnapshot } from './look/keptSnapshots.js';
import type { TrashMark } from '../journal/marks.js';
import type { HeldOperation } from './holdOperation.js';
import type { RunOperationOptions } from './operationRunner.js';
import type { GroupLease, GroupLeaseWish } from './operationService.js';
import type { Attention, ConnectionView, RunningOperation, StoreChange, VmView } from '../live/views.js';

interface KeepingHow {
  /** Milliseconds since 1970; absent: for good. */
  readonly until?: number;
  /** No undo takes it back. */
  readonly unasked?: true;
}

/** Each request of a question with what was decided about it. */
export type DecidedRequests<T extends readonly OperationRequest[]> = {
  readonly [At in keyof T]: { readonly request: T[At]; readonly decision: Decision };
};

/** What views and commands need of the engine; the class implements it. */
export interface EnginePort {
  readonly connections: readonly ConnectionView[];
  readonly onDidChange: Event<StoreChange>;
  /**
   * Replaces the list of known connections; those that stay keep their state. One on which an operation runs goes when
   * that is over. A plain URI keeps what is known of that connection.
   */
  setConnections(wanted: readonly (string | WantedConnection)[]): void;
  /** Besides those of the connections: nothing is changed on their daemons, by any URI, for any caller. */
  setReadOnly(kept: readonly WantedConnection[]): void;
  /** Before what does not go over the connection itself. @throws Failure `refused` where its daemon is read-only */
  requireOpen(connection: string, vm?: string): Promise<void>;
  /** Connects now, without waiting for the back-off; resolves when connected and its VMs are read. */
  connect(uri: string): Promise<ConnectionView>;
  setAttention(attention: Attention): void;
  /** Reads everything again: a connection, a VM with its snapshots, or all. */
  refresh(what?: { readonly connection?: string; readonly vm?: VmRef }): Promise<void>;
  /**
   * Reads the sizes and chains of all VMs, in one call on each connection that is open or was never tried; the VMs
   * themselves and their snapshots only where they were never read or their chains changed. A connection that was named
   * rejects with its Failure.
   */
  sweep(connection?: string): Promise<void>;
  /**
   * Looks at the files of a VM themselves, of all branches, on this computer or through libvirt; what neither tells is
   * `unknown`. Put into the picture too.
   */
  readLayers(ref: VmRef): Promise<VmLayers>;
  /**
   * The files that the VM and its snapshots are made of, looked at as by `readLayers`.
   * @param sumsOf names of snapshots, or the current state, whose UEFI variables and TPM are told apart by sums
   */
  readFiles(ref: VmRef, sumsOf?: readonly (string | undefined)[]): Promise<VmFiles>;
  /** Where an image cannot be looked into, its row has no map, and the answer says why if that holds for all. */
  readBlockMap(ref: VmRef, target: string): Promise<BlockMap>;
  /**
   * The images that hold the disks of a snapshot, or of the current state, on the host of `openHost`; `elsewhere`: no
   * login leads to them.
   * Rejects with a Failure `refused` where they do not hold what the snapshot froze.
   */
  readDisks(ref: VmRef, snapshot?: string): Promise<readonly CloneDisk[] | 'elsewhere'>;
  /**
   * The host on which the paths of its VMs are; undefined: this computer, or one that only libvirt leads to.
   * @param use `toChange`: rejects with a Failure `refused` where its daemon is read-only
   */
  openHost(connection: string, use: LoginUse): Promise<HostLogin | undefined>;
  /** What backups need of a connection. The list of VMs is not read again behind it. */
  withCopies<T>(connection: string, work: (copies: NotedCopies) => Promise<T>): Promise<T>;
  findVm(ref: VmRef): VmView | undefined;
  /** All VMs of a name or UUID, on one connection or all. */
  findVms(nameOrUuid: string, connection?: string): readonly VmView[];
  /** The snapshots of a VM; read again unless somebody looks at them, for then they are followed anyway. */
  readTree(ref: VmRef): Promise<SnapshotTree>;
  /** Waits a minute for what it rests on, or until `signal` is aborted, and refuses it for what is not known then. */
  plan(request: OperationRequest, signal?: AbortSignal): Promise<Decision>;
  /** As `plan`, in the order of the requests. All that are about one VM rest on one look at it. */
  decide<const T extends readonly OperationRequest[]>(requests: T, signal?: AbortSignal): Promise<DecidedRequests<T>>;
  /** Which calls of these two take long. */
  readonly onDidWait: Event<SlowLook>;
  /**
   * Waits for its turn on the VM, reads everything the plan rests on afresh, and carries it out. Rejects with a
   * Failure; `refused` when the fresh look forbids it, or when it decides on other steps or losses than the plan that
   * somebody `confirmed`. `onWait` says which operation it waits for.
   */
  runOperation(
    request: OperationRequest,
    options?: {
      readonly signal?: AbortSignal;
      readonly onWait?: (forWhat: VmTurn) => void;
      readonly confirmed?: Plan;
      /** No old checkpoints are deleted after it. */
      readonly keepsAll?: true;
      /** The id of the operation in the log that it undoes. */
      readonly undoes?: string;
      readonly does?: NonNullable<RunningOperation['does']>;
      /** No undo is meant for it. */
      readonly unasked?: true;
      /** Whether the fresh plan may be carried out. */
      readonly allows?: NonNullable<RunOperationOptions['allows']>;
    },
  ): Promise<OperationResult>;
  /**
   * Written down before a debugger attaches, until it is ended: where this process is killed, a recovery does so.
   * Rejects with a Failure.
   */
  holdDebugger(ref: VmRef): Promise<HeldOperation>;
  /**
   * A disposable clone that was on and is off goes, unless something stands against it: see `isSpentClone`. Never
   * rejects.
   */
  discardIfSpent(ref: VmRef): Promise<void>;
  /** What was done to this VM from here, oldest first. Read from the disk each time. */
  readLog(ref: VmRef): Promise<readonly LoggedOperation[]>;
  /** Puts a mark of a person's, or takes it off. @param undoes the id of the operation in the log that did the other */
  mark(request: MarkRequest, undoes?: string): Promise<void>;
  /** Several VMs at once, in one turn: see `OperationService.together`. */
  leaseAll<T>(wish: GroupLeaseWish, work: (lease: GroupLease) => Promise<T>): Promise<T>;
  /**
   * What somebody has done, or may have, with a VM that we made; none where libvirt has no VM of that UUID and nobody
   * rests on its files. Whatever removes a VM without a question asks here, and leaves one that was used.
   */
  usesSinceMade(ref: VmRef, made: VmAsMade): Promise<readonly UseOfVm[]>;
  /**
   * Whatever removes files asks here which of them stay, and why: another VM of that host rests on one, over whichever
   * connection, an image that no VM names, a program; or that is not known. A delete asks the same in its plan.
   *
   * @param vms UUIDs of the VMs that go with them
   */
  filesInUse(
    connection: string,
    files: readonly string[],
    vms?: readonly string[],
  ): Promise<ReadonlyMap<string, Refusal>>;
  /** Looks into everything that can be wrong with a VM's snapshots and files; changes nothing. */
  examine(ref: VmRef): Promise<Examination>;
  /** What the last revert of this VM left, if its checkpoint is still there and our own record vouches for it. */
  undoOfRevert(ref: VmRef): Promise<AutoSnapshot | undefined>;
  /** The oldest first: those that we created for this reason, by our own record. */
  madeSnapshots(ref: VmRef, why: AutoSnapshot['why']): Promise<readonly AutoSnapshot[]>;
  /**
   * Names of the snapshots that somebody wants to keep: whatever deletes by rule leaves them alone. Read from the disk
   * each time, because another window may have marked one. Rejects where it cannot be known.
   */
  keptSnapshots(ref: VmRef): Promise<readonly string[]>;
  /** Until when somebody wants to keep some: milliseconds since 1970. Also those whose time is over. */
  datedSnapshots(ref: VmRef): Promise<readonly DatedSnapshot[]>;
  /**
   * VMs with a snapshot that somebody wants to keep until a time that is over, or of a restore point whose time in the
   * trash is over; there still or not.
   */
  vmsWithExpired(now: number): Promise<readonly VmRef[]>;
  /** What lies in the trash, read as `keptSnapshots`. */
  trashMarks(ref: VmRef): Promise<readonly TrashMark[]>;
  /** What of it may go by its time: see `overInTrash` in `after/trash.ts`. */
  overInTrash(ref: VmRef, now: number): Promise<readonly TrashMark[]>;
  /** The names of it: see `outsideTrash`. */
  trashedSnapshots(ref: VmRef): Promise<readonly string[]>;
  /**
   * Who beside libvirt starts and stops this VM: a question to its host; `unseen` where no shell leads there. Rejects
   * with a Failure.
   */
  keeperOf(ref: VmRef): Promise<KeptBy | 'unseen'>;
  setKept(ref: VmRef, snapshots: readonly string[], kept: 'kept' | 'free', how?: KeepingHow): Promise<void>;
  /**
   * Name of the snapshot that somebody goes back to most; it is kept too. Read from the disk each time, as
   * `findKeptSnapshots`.
   */
  readFavourite(ref: VmRef): Promise<string | undefined>;
  /** In place of the one before; undefined: none from now on. */
  setFavourite(ref: VmRef, snapshot: string | undefined): Promise<void>;
  /** An operation that had broken off was finished, undone, or cannot be without a person. */
  readonly onDidRecover: Event<RecoveryReport>;
  /**
   * What had broken off on this VM, and could not be brought to its end, is taken for settled: until then nothing new
   * is begun on it but repairs.
   */
  dismissInterrupted(ref: VmRef): Promise<void>;
  /**
   * What had broken off on this VM, over any connection, oldest first, and what would be done about each if a person
   * wanted it. Changes nothing.
   */
  readInterrupted(ref: VmRef): Promise<readonly InterruptedPreview[]>;
  /**
   * A person wants these to be brought to their end. Everything is read afresh first: where other steps would be needed
   * by then than were agreed to, it rejects with `refused`. What was begun on another computer stays as it is.
   */
  finishInterrupted(ref: VmRef, agreed: readonly AgreedRecovery[]): Promise<readonly RecoveryReport['outcome'][]>;
  /** What may be done that nobody asked for; `all` until somebody says otherwise. */
  setAutomaticActions(setting: AutomaticActions): void;
  /** No operation that nobody asked for touches these VMs. */
  setProtected(isProtected: (vm: Vm, connection: string) => boolean): void;
  /**
   * How many checkpoints of reverts a VM keeps; at least one, for the last revert to be undone. `everything`: nothing
   * is ever deleted unasked, leaves of a layout neither.
   * @param work the same of those that settings want at moments of the work in an editor; all unless given
   */
  setAutoPrune(keep: number | 'everything', work?: number | 'everything'): void;
  readVmXml(ref: VmRef): Promise<string>;
  readSnapshotXml(ref: VmRef, snapshot: string): Promise<string>;
  /** What a VM, or with a name its snapshot, is configured with. */
  readHardware(ref: VmRef, snapshot?: string): Promise<Hardware>;
  /** The VMs of lessons: made, listed after a crash, removed with all that is theirs. */
  readonly demoVms: DemoVmsPort;
  /** The VMs that labs make. Who makes one has written it down. */
  readonly labVms: LabVmsPort;
  /** What is looked at and done inside of VMs that run. */
  readonly guests: GuestsPort;
  /** Resolves when nothing is under way that follows an operation by itself, as the pruning of old checkpoints. */
  idle(): Promise<void>;
  dispose(): void;
}

/** Each rejects with a Failure. */
export interface GuestsPort {
  /** The serial console, on a connection of its own. */
  consoleOf(ref: VmRef): Promise<GuestLine>;
  /** The VNC server of the display, on a connection of its own. */
  displayOf(ref: VmRef): Promise<GuestLine>;
  /** What debuggers talk to, on a connection of its own: it stops the guest, and libvirt marks the VM. */
  debuggerOf(ref: VmRef, socket: string | undefined): Promise<GuestLine>;
  closeDebugger(ref: VmRef): Promise<void>;
  displayKindOf(ref: VmRef): Promise<'vnc' | 'spice' | 'none'>;
  /** What the server of the display asks for; undefined where it has none. */
  displayPasswordOf(ref: VmRef): Promise<string | undefined>;
  /** Those by which the host can reach it, IPv4 first; none where nobody knows one. */
  addressesOf(ref: VmRef, seen?: 'byHost'): Promise<readonly GuestAddress[]>;
  /** What its network cables lead to, as far as they are in. */
  networksOf(ref: VmRef): Promise<readonly string[]>;
  /** What leads to a port of a guest whose network nobody else is in; libvirt may mark the VM. */
  portOf(ref: VmRef, port: number): Promise<GuestPort | undefined>;
  /** The limits of the disks and networks of one that runs. */
  tuningOf(ref: VmRef): Promise<Tuning>;
  /** How fast one that runs writes to its RAM, in bytes a second; undefined where that is not told in time. */
  dirtyRateOf(ref: VmRef): Promise<number | undefined>;
  /** One chord after the other; what was sent before the signal aborts is pressed. */
  pressKeys(ref: VmRef, chords: readonly Chord[], signal: AbortSignal): Promise<void>;
  click(ref: VmRef, where: Click): Promise<void>;
  /** What the display shows, as a PNG. */
  screenshotOf(ref: VmRef): Promise<Uint8Array>;
  /** The same, so small that a tooltip can hold it; undefined where it cannot be made so. */
  thumbnailOf(ref: VmRef): Promise<Uint8Array | undefined>;
  /**
   * What it showed when that snapshot with RAM was made, small, as a PNG; undefined where nothing was kept. Never
   * rejects.
   */
  shownAt(ref: VmRef, createdAt: number): Promise<Uint8Array | undefined>;
  /** Runs a program inside, by the guest agent. */
  runIn(ref: VmRef, command: GuestCommand, signal: AbortSignal): Promise<GuestRun>;
  /**
   * Sets the clock and seeds the random numbers of a guest that continues from the RAM of another one, where its agent
   * answers.
   */
  settleFork(ref: VmRef): Promise<void>;
  /** That the host could give to more VMs, in bytes; undefined: not known. */
  freeMemoryOf(connection: string): Promise<number | undefined>;
}

export interface DemoVmsPort {
  /** What is in the way of one on this connection, before anything is made. */
  obstacle(connection: string, guest: string): Promise<DemoVmObstacle | undefined>;
  /**
   * Written down before it is made; removed again when it cannot be made whole.
   * @param content of its disk, from the first byte on; absent: nothing is on it
   */
  make(connection: string, guest: string, content?: Uint8Array): Promise<DemoVm>;
  /** See `LabVmsPort`. */
  filesOf(vm: DemoVm): Promise<readonly MadeFile[]>;
  /** As `LabVmsPort.remove`, but that a VM whose chain cannot be read is nobody who rests on it. */
  remove(vm: DemoVm): Promise<readonly string[]>;
  /** Somebody has used it: it is as any other VM from now on. */
  leave(vm: DemoVm): Promise<void>;
  /** Made by an editor that is gone since, and still there. */
  readLeftDemoVms(): Promise<readonly DemoVm[]>;
}

export interface LabVmsPort {
  /** What is in the way of these on this connection, before anything is made. */
  obstacle(connection: string, vms: readonly Pick<LabVmParts, 'firmware'>[]): Promise<LabVmObstacle | undefined>;
  /**
   * @param onMade told of all files before anything is in them
   * @returns its `VmAsMade.definition`
   */
  make(vm: LabVm, parts: LabVmParts, onMade: (made: readonly MadeFile[]) => Promise<void>): Promise<string>;
  /**
   * What goes with it, as it is now. Rejects with `refused` where libvirt has another VM under its UUID.
   * @param made absent: a version before this made it, which wrote down no files
   */
  filesOf(vm: LabVm, made: readonly MadeFile[] | undefined): Promise<readonly MadeFile[]>;
  /**
   * Nothing else is done to them to the end of the work. What broke off on them is brought to its end first; on one
   * that libvirt has no more, it is forgotten. Rejects with `busy`, or `refused` where a person has to decide.
   */
  whileHeld<T>(vms: readonly VmRef[], work: (turn: RemovalTurn) => Promise<T>): Promise<T>;
  /** See `LabVmMaker`. */
  networkState(network: LabNetwork): Promise<LabNetworkState>;
  networkUsers: LabVmMaker['networkUsers'];
  makeNetwork(network: LabNetwork): Promise<void>;
  removeNetwork(network: LabNetwork): Promise<void>;
}

/** What may be done while they are held. */
export interface RemovalTurn extends GroupLease {
  /**
   * What is gone already is as good as removed. Rejects with a Failure `refused` where a file stays, see `filesInUse`.
   * @param unused see `LabVmMaker.remove`
   * @returns its folder, where it stays with what else is in it
   */
  remove(vm: LabVm, made: readonly MadeFile[], unused?: 'unused'): Promise<readonly string[]>;
}
