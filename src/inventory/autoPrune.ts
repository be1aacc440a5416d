// Deletes the oldest of the checkpoints that reverts took, beyond the number to be kept. Refuses to delete anything that
// a person made, or that anything rests on.
import type { Log } from '../log/log.js';
import type { OperationRequest } from '../model/operation.js';
import type { AutoSnapshot, Plan } from '../model/plan.js';
import type { SnapshotTree } from '../model/snapshot.js';
import type { VmRef } from '../model/vm.js';
import { asFailure } from './asFailure.js';
import { believed } from './autoSnapshots.js';

/**
 * Oldest first. The newest is what a revert can be undone with, so one is kept at least; what the VM stands on stays.
 *
 * | automatic snapshot | → |
 * |--------------------|---|
 * | taken by a revert, older than the `keep` newest, not current | goes |
 * | of the layout, current, one of the newest                    | stays |
 */
export function doomedCheckpoints(
  tree: SnapshotTree,
  records: readonly AutoSnapshot[],
  keep: number,
): readonly AutoSnapshot[] {
  const checkpoints = believed(tree, records).filter(({ why }) => why === 'revert');
  return checkpoints.slice(0, -Math.max(1, Math.floor(keep))).filter(({ name }) => name !== tree.current);
}

/** Nothing but the checkpoint itself may be lost by it. */
export function losesOnly(name: string): (plan: Plan) => boolean {
  return ({ losses }) =>
    losses.every((loss) => {
      switch (loss.what) {
        case 'restorePoints':
          return loss.names.every((lost) => lost === name);
        // The overlay that held nothing else, which goes with a leaf that nobody runs on.
        case 'files':
          return true;
        case 'diskChanges':
        case 'managedSave':
        case 'ram':
        case 'configuration':
        case 'unsavedWork':
          return false;
      }
    });
}

export interface Pruning {
  readonly vm: VmRef;
  readonly tree: SnapshotTree;
  readonly records: readonly AutoSnapshot[];
  readonly keep: number;
  readonly log: Log;
  readonly remove: (request: OperationRequest, allows: (plan: Plan) => boolean) => Promise<unknown>;
}

/** One that cannot be deleted stays, and the next revert tries again; nobody asked for it, so nobody is told. */
export async function prune({ vm, tree, records, keep, log, remove }: Pruning): Promise<void> {
  for (const { name } of doomedCheckpoints(tree, records, keep)) {
    try {
      await remove({ type: 'delete', vm, snapshot: name, scope: 'one' }, losesOnly(name));
    } catch (error) {
      const { kind, message } = asFailure(error);
      log.info(`the checkpoint ${name} stays: ${kind}: ${message}`);
    }
  }
}
