// Snapshots that name an overlay which was merged away under them: the daemon died after it had forgotten the snapshot that
// went, and before it wrote down where those above it are. Knows nothing of how far the deletes of a plan have come.
import { chainOf } from '../../domain/chains/deletedFiles.js';
import type { Plan } from '../plan.js';
import type { PlannedMerge } from '../../domain/plannedMerge.js';
import type { Situation } from '../../domain/situation.js';
import type { Step } from '../../steps/step.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { type Merge, namingSteps, whenNamed } from '../delete/planFinishBelow.js';

export interface Renamed {
  readonly steps: readonly Step[];
  /** As it is after them. */
  readonly situation: Situation;
}

/**
 * | a merge of the plan: its snapshot | the VM's chain, as the images say      | → |
 * |-----------------------------------|----------------------------------------|---|
 * | is there still                    | any                                    | nothing: the delete is not done yet |
 * | is gone                           | has the file that took it, and not the overlay | whoever names the overlay is put on that file |
 * | is gone                           | has the overlay still, or is not seen  | nothing |
 *
 * Measured with libvirt 11.3, in one of some 20 deletes of a root in which the daemon was killed.
 */
export function staleNames({ merges = [] }: Plan, before: Situation): Renamed {
  const gone = new Set(
    merges.flatMap(({ snapshot }) => (findSnapshot(before.tree, snapshot) === undefined ? snapshot : [])),
  );
  return [...gone].reduce<Renamed>(
    ({ steps, situation }, snapshot) => {
      const done = merges
        .filter((merge) => merge.snapshot === snapshot)
        .flatMap((merge) => doneMerge(merge, situation));
      return {
        steps: [...steps, ...namingSteps(snapshot, done, situation)],
        situation: whenNamed(done, situation),
      };
    },
    { steps: [], situation: before },
  );
}

function doneMerge({ target, overlay, base }: PlannedMerge, situation: Situation): readonly Merge[] {
  const chain = chainOf(target, situation) ?? [];
  const facts = situation.files?.images.get(base);
  const isDone = chain.includes(base) && !chain.includes(overlay);
  return isDone && typeof facts === 'object' ? [{ target, overlay, base, baseFormat: facts.format, isDone }] : [];
}
