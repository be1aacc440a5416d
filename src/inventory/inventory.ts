// The live picture of all connections, and the only place where it is written.
import type { Event } from '../lifetime/emitter.js';
import type { OperationRequest, OperationResult } from '../model/operation.js';
import type { Examination } from '../model/examination.js';
import type { AutoSnapshot, Decision, Plan } from '../model/plan.js';
import type { RecoveryReport } from '../model/recovery.js';
import type { SnapshotTree } from '../model/snapshot.js';
import type { Vm, VmRef } from '../model/vm.js';
import type { Attention, ConnectionView, InventoryChange, VmView } from './views.js';

/** What views and commands need of the inventory; the class implements it. */
export interface InventoryPort {
  readonly connections: readonly ConnectionView[];
  readonly onDidChange: Event<InventoryChange>;
  /**
   * Replaces the list of known connections; those that stay keep their state. One on which an operation runs goes when
   * that is over.
   */
  setConnections(uris: readonly string[]): void;
  /** Connects now, without waiting for the back-off; resolves when connected and its VMs are read. */
  connect(uri: string): Promise<ConnectionView>;
  setAttention(attention: Attention): void;
  /** Reads everything again: a connection, a VM with its snapshots, or all. */
  refresh(what?: { readonly connection?: string; readonly vm?: VmRef }): Promise<void>;
  findVm(ref: VmRef): VmView | undefined;
  /** All VMs of a name or UUID, on one connection or all. */
  findVms(nameOrUuid: string, connection?: string): readonly VmView[];
  /** The snapshots of a VM; read again unless somebody looks at them, for then they are followed anyway. */
  readTree(ref: VmRef): Promise<SnapshotTree>;
  /** Decides from what is known and what can be read within five seconds; what is not known then forbids nothing that libvirt itself can do. */
  plan(request: OperationRequest): Promise<Decision>;
  /**
   * Waits for its turn on the VM, reads everything the plan rests on afresh, and carries it out. Rejects with a
   * Failure; `refused` when the fresh look forbids it, or when it decides on other steps or losses than the plan that
   * somebody `confirmed`. `onWait` says which operation it waits for.
   */
  runOperation(
    request: OperationRequest,
    options?: {
      readonly signal?: AbortSignal;
      readonly onWait?: (forWhat: OperationRequest) => void;
      readonly confirmed?: Plan;
    },
  ): Promise<OperationResult>;
  /** Looks into everything that can be wrong with a VM's snapshots and files; changes nothing. */
  examine(ref: VmRef): Promise<Examination>;
  /** What the last revert of this VM left, if its checkpoint is still there and our own record vouches for it. */
  undoOfRevert(ref: VmRef): Promise<AutoSnapshot | undefined>;
  /** An operation that had broken off was finished, undone, or cannot be without a person. */
  readonly onDidRecover: Event<RecoveryReport>;
  /**
   * What had broken off on this VM, and could not be brought to its end, is taken for settled: until then nothing new is
   * begun on it but repairs.
   */
  dismissUnfinished(ref: VmRef): Promise<void>;
  /** No operation that nobody asked for touches these VMs. */
  setProtected(isProtected: (vm: Vm, connection: string) => boolean): void;
  /** How many checkpoints of reverts a VM keeps; at least one, for the last revert to be undone. */
  setAutoPrune(keep: number): void;
  readVmXml(ref: VmRef): Promise<string>;
  readSnapshotXml(ref: VmRef, snapshot: string): Promise<string>;
  dispose(): void;
}
