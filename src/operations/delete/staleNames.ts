// Snapshots that name an overlay which was merged away under them: the daemon died after it had forgotten the snapshot
// that went, and before it wrote down where those above it are.
import { chainOf } from '../../domain/chains/backingChain.js';
import type { PlannedWork } from '../plan.js';
import type { PlannedMerge } from '../../domain/plannedMerge.js';
import type { Facts } from '../../domain/facts.js';
import { onBases } from '../../steps/merges.js';
import type { Step } from '../../steps/step.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { type MergeBelow, namingSteps } from './planFinishBelow.js';

interface RenamedFiles {
  readonly steps: readonly Step[];
  /** As it is after them. */
  readonly facts: Facts;
}

/**
 * | a merge of the plan: its snapshot | the VM's chain, as the images say      | → |
 * |-----------------------------------|----------------------------------------|---|
 * | is there still                    | any                                    | nothing: the delete is not done yet |
 * | is gone                           | has the file that took it, and not the overlay | snapshots that name the overlay are put on that file |
 * | is gone                           | has the overlay still, or is not seen  | nothing |
 *
 * Measured with libvirt 11.3, in one of some 20 deletes of a root in which the daemon was killed.
 */
export function renameStale({ merges = [] }: PlannedWork, before: Facts): RenamedFiles {
  const gone = new Set(
    merges.flatMap(({ snapshot }) => (findSnapshot(before.tree, snapshot) === undefined ? snapshot : [])),
  );
  return [...gone].reduce<RenamedFiles>(
    ({ steps, facts }, snapshot) => {
      const done = doneMerges(snapshot, merges, facts);
      return {
        steps: [...steps, ...namingSteps(snapshot, done, facts)],
        facts: onBases(done, facts),
      };
    },
    { steps: [], facts: before },
  );
}

/** The merges of that snapshot's overlays that the images show as done: the VM stands on what took them. */
export function doneMerges(snapshot: string, merges: readonly PlannedMerge[], facts: Facts): readonly MergeBelow[] {
  return merges.filter((merge) => merge.snapshot === snapshot).flatMap((merge) => doneMerge(merge, facts));
}

function doneMerge({ target, overlay, base }: PlannedMerge, facts: Facts): readonly MergeBelow[] {
  const chain = chainOf(target, facts) ?? [];
  const image = facts.files?.images.get(base);
  const isDone = chain.includes(base) && !chain.includes(overlay);
  return isDone && typeof image === 'object' ? [{ target, overlay, base, baseFormat: image.format, isDone }] : [];
}
