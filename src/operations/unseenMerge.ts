// A root has no parent on which libvirt could mark that it merges: the time of the last write to what it froze tells,
// and that may have another cause. Decides nothing.
import { externalTargets } from '../domain/chains/deletedFiles.js';
import { backingFileOf } from '../domain/chains/fileUse.js';
import type { PlannedWork } from './plan.js';
import type { Facts } from '../domain/facts.js';
import type { InterruptedOperation } from './interrupted.js';
import type { Snapshot } from '../domain/snapshot.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { begunSteps } from './interruptedStep.js';

/** The precision of a file system that counts in steps of two seconds. */
const coarseMs = 2_000;

/**
 * Whether the recovery deletes a root again whose merge may have happened unseen:
 *
 * | another one of the plan is gone | what the root froze                                      | the merge is seen |
 * |---------------------------------|----------------------------------------------------------|-------------------|
 * | yes                             | any                                                      | yes: the delete was under way |
 * | no                              | one file was written to after the step was begun, by its time of then and of now | yes |
 * | no                              | written before, or unwritten, or nobody can tell         | no |
 */
export function hasUnseenMerge(interrupted: InterruptedOperation, recovery: PlannedWork, facts: Facts): boolean {
  const isGone = begunSteps(interrupted).some(
    (step) => step.kind === 'deleteSnapshot' && findSnapshot(facts.tree, step.snapshot) === undefined,
  );
  // One whose turn had not come follows another, of which the mark tells.
  const begun = new Set(
    begunSteps(interrupted).flatMap((step) => (step.kind === 'deleteSnapshot' ? [step.snapshot] : [])),
  );
  const again = recovery.steps.flatMap((step) =>
    step.kind === 'deleteSnapshot' && begun.has(step.snapshot) ? (findSnapshot(facts.tree, step.snapshot) ?? []) : [],
  );
  return !isGone && again.some((root) => isRoot(root) && !wasWrittenTo(root, interrupted, facts));
}

function isRoot({ style, parent }: Snapshot): boolean {
  return style === 'external' && parent === undefined;
}

function wasWrittenTo(root: Snapshot, { plan, begunAt }: InterruptedOperation, facts: Facts): boolean {
  const index = plan.steps.findIndex((step) => step.kind === 'deleteSnapshot' && step.snapshot === root.name);
  const begun = begunAt?.get(index);
  return externalTargets(root).some((target) => {
    const base = backingFileOf(facts, root.name, target);
    const image = facts.files?.images.get(base ?? '');
    const now = typeof image === 'object' ? image.modifiedAt : undefined;
    const then = plan.before.lastWrites?.find(({ file }) => file === base)?.modifiedAt;
    return begun !== undefined && now !== undefined && then !== undefined && now !== then && now >= begun - coarseMs;
  });
}
