// What of a VM's log can be undone in its current state, in one look. The undo itself is an operation like any other.
import type { LoggedOperation } from '../domain/loggedOperation.js';
import type { AfterRevert } from '../domain/operation.js';
import type { RefusedDecision } from '../domain/refusal.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import type { VmRef } from '../domain/vm.js';
import {
  backTo,
  lastOf,
  rootOf,
  sortOf,
  standingOperations,
  undoingOf,
} from '../operations/undo/standingOperations.js';
import { undoOf, type UndoWay } from '../operations/undo/undoRules.js';
import type { EnginePort } from './enginePort.js';

export interface UndoableOperation {
  readonly entry: LoggedOperation;
  /** `redo`: it undoes what undid something. */
  readonly does: 'undo' | 'redo';
  readonly way: UndoWay | RefusedDecision;
}

export class UndoLook {
  readonly log: readonly LoggedOperation[];
  readonly tree: SnapshotTree;

  constructor(log: readonly LoggedOperation[], tree: SnapshotTree) {
    this.log = log;
    this.tree = tree;
  }

  static async at(engine: Pick<EnginePort, 'readLog' | 'readTree'>, vm: VmRef): Promise<UndoLook> {
    const [log, tree] = await Promise.all([engine.readLog(vm), engine.readTree(vm)]);
    return new UndoLook(log, tree);
  }

  find(id: string): LoggedOperation | undefined {
    return this.log.find((entry) => entry.id === id);
  }

  /** The operation that an undo, or what does it again, is about in the end: what a person calls it. */
  root(entry: LoggedOperation): LoggedOperation {
    return this.find(rootOf(entry, this.log)) ?? entry;
  }

  /** What is undone next, or done again next. */
  next(does: 'undo' | 'redo'): UndoableOperation | undefined {
    const entry = lastOf(does === 'undo' ? 'operation' : 'undo', this.log);
    return entry && this.of(entry);
  }

  of(entry: LoggedOperation): UndoableOperation {
    const does = sortOf(entry, this.log) === 'undo' ? 'redo' : 'undo';
    return { entry, does, way: undoOf(entry, { log: this.log, tree: this.tree }) };
  }

  /** What does an operation again that was undone. */
  redoOf(entry: LoggedOperation): UndoableOperation | undefined {
    const undone = undoingOf(entry, this.log);
    return undone && this.of(undone);
  }

  /**
   * The operation that a revert to this snapshot undoes, where it undoes one, and the state that the VM was in before
   * it.
   */
  undoneByRevertTo(snapshot: string): { readonly entry: LoggedOperation; readonly after: AfterRevert } | undefined {
    return standingOperations(this.log)
      .flatMap((entry) => {
        const way = undoOf(entry, { log: this.log, tree: this.tree, forSystem: true });
        const isIt = way.kind === 'operation' && way.request.kind === 'revert' && way.request.snapshot === snapshot;
        return isIt ? [{ entry, after: way.request.after }] : [];
      })
      .at(-1);
  }

  /** The last operation of this kind that was carried out for a system, and stands. */
  ofSystem(id: string, kind: LoggedOperation['request']['kind']): LoggedOperation | undefined {
    return standingOperations(this.log).findLast(({ system, request }) => system?.id === id && request.kind === kind);
  }

  /** What leads back to before an operation, in its order: each as if those before it were done. */
  backTo(entry: LoggedOperation): readonly UndoableOperation[] {
    const without = new Set<string>();
    return backTo(entry, this.log).map((one) => {
      const { does } = this.of(one);
      const way = undoOf(one, { log: this.log, tree: this.tree, without });
      without.add(one.id);
      return { entry: one, does, way };
    });
  }
}
