// What becomes of an operation that broke off: how far it came by its journal and by the current state, and the way on
// or back. The ways themselves stand in the operations' folders, one for each shape of plan.
import type { Facts } from '../../domain/facts.js';
import { findStrayQemu, type MergeEvidence } from '../../domain/chains/strayQemu.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import { beginsWithMerge, withoutLocks } from '../delete/mergeAgain.js';
import { strayQemuRefusal } from '../refusals.js';
import type { Refusal, RefusalReason } from '../../domain/refusal.js';
import { explain, hasBegun } from '../interruptedStep.js';
import { elsewhereRefusal } from './keeperRules.js';
import { definitionOf } from './planners.js';
import { stepsOverChangedRefusal } from './stepsOverChanged.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';

/**
 * | operation                | broken off before its first step that cannot be taken back | … after it               |
 * |--------------------------|-------------------------------------------------------------|-------------------------|
 * | create                   | before; what a half made snapshot left is removed           | after                   |
 * | revert, its checkpoint   | as create; a checkpoint that is whole stays                 | see the next two        |
 * | revert by libvirt        | before                                                      | reverted again          |
 * | revert by us             | before; the new overlays are removed                        | the same steps go on    |
 * | delete                   | before                                                      | the rest is deleted     |
 * | rename, keepDisks        | before                                                      | the same steps go on    |
 * | repair                   | before                                                      | decided anew            |
 * | consolidate, by commit   | before                                                      | a job that goes on is led to its end; disks that were not begun stay |
 * | consolidate by snapshots, prune | before                                               | the delete that was begun comes to its end; the others stay |
 * | speed                    | before                                                      | as it was, unless all limits are there |
 * | disk                     | before                                                      | after, where the disk is as it was to be |
 * | debug                    | before                                                      | before: the server is closed, and the VM runs on |
 * | describe, power          | before                                                      | after                   |
 *
 * Pure, and for any present: what is to be done is decided from it, never from the journal alone. A recovery that
 * breaks off itself is recovered in the same way. A revert that cannot go on turns back: see `returnFromRevert`.
 *
 * @param facts with the frozen disks of all snapshots, and every file that the plan names
 */
export function planRecovery(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const away = elsewhereRefusal(facts);
  if (away !== undefined) {
    return explain(interrupted, away.refusal, [], facts);
  }
  // A root has no parent on which libvirt could leave its mark.
  const merge = hasBegun(interrupted, ['deleteSnapshot']) ? 'brokeOff' : 'asMarked';
  const lost = strayQemuRefusal(facts, merge);
  return lost === undefined
    ? recoveryOf(interrupted, facts)
    : (planMergeAgain(interrupted, merge, lost.refusal, facts) ?? explain(interrupted, lost.refusal, [], facts));
}

/**
 * What would be done if QEMU had given up the merge, where it begins with that merge: see `beginsWithMerge`. Without
 * room it fails for that, in words that do not always say so, and tells nothing.
 */
function planMergeAgain(
  interrupted: InterruptedOperation,
  merge: MergeEvidence,
  otherwise: Refusal,
  facts: Facts,
): Recovery | undefined {
  const lost = findStrayQemu(facts, merge);
  const recovery = lost?.kind === 'mergeLost' ? recoveryOf(interrupted, withoutLocks(facts)) : undefined;
  if (lost === undefined || recovery?.kind !== 'steps' || !beginsWithMerge(recovery.plan.steps, lost, facts)) {
    return undefined;
  }
  const image = facts.files?.images.get(lost.said);
  const bytes = typeof image === 'object' ? image.allocatedBytes : 0;
  const free = facts.files?.freeBytes.get(folderOf(lost.file)) ?? Infinity;
  return free < bytes ? recovery : { ...recovery, otherwise };
}

/** Why what it was to go to can be gone to no more. */
const notWhole: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  ...(['memoryFileMissing', 'memoryFileBroken', 'overlayMissing', 'snapshotMissing'] as const),
  ...(['tagMissing', 'tagWithoutRam', 'imageCorrupt', 'contentChanged'] as const),
]);

function recoveryOf(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const { recover, turnBack } = definitionOf(interrupted.request);
  const on = interrupted.turnsBack === true ? undefined : recover(interrupted, facts);
  const forward = on && overWhole(interrupted, on, facts);
  const isLost = forward?.kind === 'explain' && notWhole.has(forward.why.reason);
  const back = forward === undefined || isLost ? turnBack?.(interrupted, facts) : undefined;
  return back !== undefined
    ? overWhole(interrupted, back, facts)
    : (forward ?? overWhole(interrupted, recover(interrupted, facts), facts));
}

/** Its steps take in nothing that changed, or it is explained. */
function overWhole(interrupted: InterruptedOperation, recovery: Recovery, facts: Facts): Recovery {
  const steps = recovery.kind === 'steps' ? recovery.plan.steps : [];
  const changed = stepsOverChangedRefusal(steps, facts);
  return changed === undefined ? recovery : explain(interrupted, changed.refusal, steps, facts);
}
