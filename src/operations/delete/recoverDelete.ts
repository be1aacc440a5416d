// The end of a delete that broke off: what is gone is gone, and the rest goes too. A merge that was half done is done
// once more, where the VM still stands on the file that it comes from.
import {
  begunSteps,
  findInterruptedStep,
  explain,
  goOn,
  removal,
  withSafeRemovals,
  unusedFiles,
  wasBegun,
} from '../interruptedStep.js';
import { renameStale } from './staleNames.js';
import { mayMakeCurrent } from '../matchesPlan.js';
import { planReleased } from './releasedSnapshot.js';
import { externalTargets } from '../../domain/chains/deletedFiles.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { isUnwritten } from '../../domain/chains/lastWrites.js';
import { otherVmRefusal } from '../../domain/chains/otherVms.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { PlannedWork } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step, CommittedDisk } from '../../steps/step.js';
import { isHalfMoved, standsJustOn } from '../../steps/commits.js';
import { applyAll } from '../../steps/steps.js';
import { commitRefusal } from '../commitRefusal.js';
import { isDelete, isMetadataOfMerge, mergeBefore, startsDelete } from './deleteSteps.js';
import { settlingAbove } from './offlineMerges.js';
import { isUntouched, unmarkSteps } from './planFinishBelow.js';
import { planDelete } from './planDelete.js';
import { canRemove } from '../../domain/chains/canRemove.js';
import { sameSteps } from '../planIdentity.js';
import { mergeSteps, planDeleteAgain, planFinishDelete, planFinishMerge } from './planFinishDelete.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { findSnapshot, isOnActivePath, parentOf } from '../../domain/snapshotTree.js';
import { isActive } from '../../domain/vm.js';
import { chainOf } from '../../domain/chains/backingChain.js';

// Overlays that libvirt took for merged, and that the VM stands on still: QEMU died between the end of the merge and
// its going over to the file below.

/**
 * | a disk of the VM stands on | a snapshot names it, or froze the file below it | → |
 * |----------------------------|-------------------------------------------------|---|
 * | a file that the plan merges away | no                                        | it is merged once more: that does no harm |
 * | a file that the plan merges away | yes                                       | nothing: that one is to be deleted yet |
 * | anything else, or a chain that is not seen | any                             | nothing |
 *
 * Measured with libvirt 12.8, in one of 40 deletes in which QEMU was killed: it answers that the snapshot is deleted.
 */
function unfinishedMerges({ merges = [] }: PlannedWork, facts: Facts): readonly CommittedDisk[] {
  const { vm, tree, files } = facts;
  return vm.disks.flatMap(({ target }): readonly CommittedDisk[] => {
    const [top, base] = chainOf(target, facts) ?? [];
    const image = base === undefined ? undefined : files?.images.get(base);
    if (
      top === undefined ||
      base === undefined ||
      merges.every(({ overlay }) => overlay !== top) ||
      typeof image !== 'object'
    ) {
      return [];
    }
    const isOwned = tree.snapshots.some(
      ({ name, disks, revertDisks = [] }) =>
        backingFileOf(facts, name, target) === base || [...disks, ...revertDisks].some(({ file }) => file === top),
    );
    return isOwned ? [] : [{ target, top, base, baseFormat: image.format, merged: [top] }];
  });
}

type CommitStep = Extract<Step, { kind: 'commitImages' }>;
type InterruptedDelete = InterruptedOperation & { readonly request: Extract<OperationRequest, { kind: 'delete' }> };

/**
 * | any of those that were to go is gone | the next one to go       | → |
 * |--------------------------------------|--------------------------|---|
 * | one, and its tag is in an image of the VM still | any          | partly: what could not change the image cannot now |
 * | no                                  | not begun, or untouched  | before |
 * | no, or yes                          | its parent is marked, nothing was merged, and we cannot | the mark goes, unless it was there before: before, or partly |
 * | any                                 | its parent is marked: half merged | see planFinishDelete, then the rest |
 * | any                                 | begun, a root, and merged with a disk or more | see planFinishMerge, then the rest |
 * | any                                 | begun, a root, and something was written into what it froze | it is deleted again, then the rest |
 * | any                                 | we merge its overlay, and the VM, or all above it, stand on what took it | its metadata goes, then the rest |
 * | any                                 | we merge its overlay, and some of those above it stand on what took it | see finishMove |
 * | any                                 | we merge its overlay, and what takes it was written to, or may have been | it is deleted again, then the rest |
 * | any                                 | begun, and its tag is in no image any more | its metadata goes, then the rest |
 * | any                                 | begun, and those above it have left it  | see releasedSteps, then the rest |
 * | yes                                 | there                    | the rest, if the rules still allow it; else explained |
 * | yes                                 | none                     | files that were to go, if nobody uses them; after |
 * | yes, and somebody names its overlay still | any            | see staleNames, then as above |
 * | yes, and the VM stands on its overlay still | any    | see leftMerges, then as above |
 *
 * One that somebody made current meanwhile stays so.
 */
export function recoverDelete(interrupted: InterruptedDelete, seen: Facts): Recovery {
  if (leavesTag(interrupted, seen)) {
    return { kind: 'settled', to: 'partly' };
  }
  const { steps: named, facts } = renameStale(interrupted.plan, seen);
  const left = unfinishedMerges(interrupted.plan, facts);
  const elsewhere = otherVmRefusal(
    left.flatMap(({ top, base }) => [top, base]),
    facts,
    'refuse',
  );
  if (left.length > 0 && elsewhere !== undefined) {
    return explain(interrupted, elsewhere.refusal, [...named, ...mergeSteps(left, facts)], facts);
  }
  const merged = applyAll(mergeSteps(left, facts), facts);
  const rest = recoverRest(interrupted, merged);
  if (rest.kind === 'explain' || (left.length === 0 && named.length === 0)) {
    return rest;
  }
  const overlays = left.map(({ top }) => top).filter((file) => canRemove(file, facts));
  const steps = [...named, ...mergeSteps(left, facts), ...removal(unusedFiles(overlays, merged, 'notNamed'))];
  return goOn(interrupted, [...steps, ...(rest.kind === 'steps' ? rest.plan.steps : [])], rest.to);
}

function recoverRest(interrupted: InterruptedDelete, facts: Facts): Recovery {
  const { request, plan } = interrupted;
  const at = findInterruptedStep(interrupted, facts);
  const rest = plan.steps.slice(at);
  const next = rest.find(isDelete);
  const unmark = next === undefined ? [] : unmarkSteps(next.snapshot, facts);
  // Where libvirt has put those above on the marked one, it would be they that a finish takes for the one to go.
  const isAbove = next !== undefined && isOnActivePath(facts.tree, next.snapshot);
  const marked = next === undefined || unmark.length === 0 ? undefined : parentOf(facts.tree, next.snapshot);
  if (isAbove && marked !== undefined && wasBegun(interrupted, plan.steps.indexOf(next))) {
    const finish = planFinishDelete(request.vm, marked.name, facts);
    const isOurs = finish.kind === 'repair' && finish.steps.some(({ kind }) => kind === 'commitImages');
    const doomed = findSnapshot(facts.tree, next.snapshot);
    if (!isOurs && doomed !== undefined && isUntouched(doomed, plan.before, facts)) {
      const bases = externalTargets(doomed).map((target) => backingFileOf(facts, doomed.name, target) ?? '');
      // A host that forbids the merge forbids it again.
      const isStillHalf = plan.before.lastWrites?.some(({ file, halfMerged }) => halfMerged && bases.includes(file));
      return goOn(interrupted, isStillHalf === true ? [] : unmark, isAnyGone(plan, facts) ? 'partly' : 'before');
    }
    const after = rest.slice(rest.indexOf(next) + 1);
    return finish.kind === 'refusal'
      ? explain(interrupted, finish.refusal, [next], facts)
      : goOn(interrupted, [...finish.steps, ...withSafeRemovals(after, plan, factsAfterDelete(rest, facts))], 'after');
  }
  const doomedNext = next === undefined ? undefined : findSnapshot(facts.tree, next.snapshot);
  if (next?.kind === 'deleteSnapshot' && doomedNext !== undefined && wasBegun(interrupted, plan.steps.indexOf(next))) {
    const hasBegun = isRootWrittenTo(doomedNext, plan, facts);
    const finish =
      planFinishMerge(doomedNext, hasBegun, facts) ??
      (hasBegun ? planDeleteAgain(request.vm, doomedNext, facts) : undefined);
    if (finish !== undefined) {
      const after = rest.slice(rest.indexOf(next) + 1);
      return finish.kind === 'refusal'
        ? explain(interrupted, finish.refusal, [next], facts)
        : goOn(
            interrupted,
            [...finish.steps, ...withSafeRemovals(after, plan, factsAfterDelete(rest, facts))],
            'after',
          );
    }
  }
  const merging = next === undefined ? undefined : begunMerge(interrupted, next);
  if (next !== undefined && doomedNext !== undefined && merging !== undefined) {
    const after = rest.slice(rest.indexOf(next) + 1);
    const forget = [...settlingAbove(doomedNext, merging.disks, facts), next];
    const removing = withSafeRemovals(after, plan, factsAfterDelete([merging, ...forget, ...after], facts));
    if (standsJustOn(merging.disks, facts)) {
      return goOn(interrupted, [...forget, ...removing], 'after');
    }
    if (isHalfMoved(merging.disks, facts)) {
      return finishMove(interrupted, merging, [...forget, ...removing], doomedNext, facts);
    }
    if (merging.disks.some(({ base }) => !isUnwritten(base, plan.before.lastWrites, facts))) {
      const again = planDeleteAgain(request.vm, doomedNext, facts);
      const others = after[0]?.kind === 'removeFiles' ? after.slice(1) : after;
      return again.kind === 'refusal'
        ? explain(interrupted, again.refusal, [merging, next], facts)
        : goOn(
            interrupted,
            [...again.steps, ...withSafeRemovals(others, plan, factsAfterDelete(others, applyAll(again.steps, facts)))],
            'after',
          );
    }
  }
  if (next !== undefined && wasBegun(interrupted, plan.steps.indexOf(next))) {
    const end = isUntagged(next.snapshot, facts)
      ? [{ kind: 'forgetSnapshot' as const, snapshot: next.snapshot }]
      : planReleased(next.snapshot, plan, facts);
    const after = rest.slice(rest.indexOf(next) + 1);
    if (end !== undefined) {
      return 'kind' in end
        ? explain(interrupted, end.refusal, [next], facts)
        : goOn(
            interrupted,
            [...end, ...unmark, ...withSafeRemovals(after, plan, factsAfterDelete(rest, facts))],
            'after',
          );
    }
  }
  const hasBegun = plan.steps.some((step, index) => isDelete(step) && wasBegun(interrupted, index));
  if (!hasBegun || !isAnyGone(plan, facts)) {
    return { kind: 'settled', to: 'before' };
  }
  if (next !== undefined && findSnapshot(facts.tree, request.snapshot) !== undefined) {
    // What the one before leaves is not in the way of the next.
    const removing = rest.slice(0, rest.indexOf(next)).filter(({ kind }) => kind === 'removeFiles');
    const fresh = planDelete(request, applyAll(withSafeRemovals(removing, plan, facts), facts));
    const { vm } = facts;
    if (fresh.kind === 'refusal' || !areSame(deletedNames(fresh.steps), deletedNames(rest))) {
      const why = fresh.kind === 'refusal' ? fresh : refuse('stalePlan', { vm: vm.name });
      return explain(interrupted, why.refusal, rest, facts);
    }
    if (!sameSteps(fresh.steps.filter(isDelete), rest.filter(isDelete))) {
      // The VM was switched on or off since, and the rest goes in the other way.
      return goOn(interrupted, [...withSafeRemovals(removing, plan, facts), ...fresh.steps], 'after');
    }
  }
  const left = rest.filter((step) => step.kind !== 'makeCurrent' || mayMakeCurrent(step, plan, facts));
  return goOn(interrupted, withSafeRemovals(left, plan, factsAfterDelete(rest, facts)), 'after');
}

/**
 * | the VM | somebody needs one of the files  | → |
 * |--------|----------------------------------|---|
 * | off    | nobody                           | merged again, which does no harm, then the rest |
 * | off    | somebody                         | explained |
 * | on     | any                              | what is merged is taken for merged, see planFinishMerge; QEMU has the files |
 */
function finishMove(
  interrupted: InterruptedDelete,
  merging: CommitStep,
  rest: readonly Step[],
  doomed: Snapshot,
  facts: Facts,
): Recovery {
  if (isActive(facts.vm.power)) {
    const finish = planFinishMerge(doomed, true, facts) ?? planDeleteAgain(interrupted.request.vm, doomed, facts);
    return finish.kind === 'refusal'
      ? explain(interrupted, finish.refusal, [merging, ...rest], facts)
      : goOn(interrupted, finish.steps, 'after');
  }
  const left = merging.disks.filter((disk) => !standsJustOn([disk], facts));
  const obstacle = commitRefusal(left, applyAll(rest.filter(isDelete), facts));
  return obstacle === undefined
    ? goOn(interrupted, [{ ...merging, disks: left }, ...rest], 'after')
    : explain(interrupted, obstacle.refusal, [merging, ...rest], facts);
}

/** Names of the snapshots that go, in their order. */
function deletedNames(steps: readonly Step[]): readonly string[] {
  return steps.filter(isDelete).map(({ snapshot }) => snapshot);
}

function areSame(ones: readonly string[], others: readonly string[]): boolean {
  return ones.length === others.length && ones.every((name, index) => name === others[index]);
}

function isAnyGone({ deletes = [] }: PlannedWork, { tree }: Facts): boolean {
  return deletes.some((name) => findSnapshot(tree, name) === undefined);
}

/** The merge of ours that comes before a snapshot is forgotten, where it was begun. */
function begunMerge(interrupted: InterruptedOperation, next: Step): CommitStep | undefined {
  const { steps } = interrupted.plan;
  const index = mergeBefore(steps, steps.indexOf(next));
  const step = index !== undefined && wasBegun(interrupted, index) ? steps[index] : undefined;
  return step?.kind === 'commitImages' ? step : undefined;
}

/**
 * Half a merge is in what a root froze: it has no parent that libvirt could mark. Nobody else writes there, so the time
 * of the last write tells; where it is not known, it counts as written to, for to merge once more does no harm.
 */
function isRootWrittenTo(snapshot: Snapshot, { before }: PlannedWork, facts: Facts): boolean {
  const { name, style, parent } = snapshot;
  return (
    style === 'external' &&
    parent === undefined &&
    isOnActivePath(facts.tree, name) &&
    externalTargets(snapshot).some((target) => {
      const base = backingFileOf(facts, name, target);
      return base === undefined || !isUnwritten(base, before.lastWrites, facts);
    })
  );
}

/** For certain: libvirt took the tags out of the images, and died before it wrote so. */
function isUntagged(name: string, facts: Facts): boolean {
  const inside = findSnapshot(facts.tree, name)?.disks.filter(({ location }) => location === 'internal') ?? [];
  return (
    inside.length > 0 &&
    inside.every(({ target }) => {
      const image = facts.files?.images.get(backingFileOf(facts, name, target) ?? '');
      return typeof image === 'object' && image.tags?.includes(name) === false;
    })
  );
}

/** libvirt forgets an internal snapshot whose tag it could not take out of the image. */
function leavesTag(interrupted: InterruptedDelete, { vm, tree, files }: Facts): boolean {
  const held = vm.disks.flatMap(({ source = '' }) => {
    const image = files?.images.get(source);
    return typeof image === 'object' ? (image.tags ?? []) : [];
  });
  return begunSteps(interrupted).some(
    (step) =>
      step.kind === 'deleteSnapshot' && findSnapshot(tree, step.snapshot) === undefined && held.includes(step.snapshot),
  );
}

/** By then, those that are still to go use no file any more, and the VM none that we merge. */
function factsAfterDelete(rest: readonly Step[], facts: Facts): Facts {
  return applyAll(
    rest.filter((step) => startsDelete(step) || isMetadataOfMerge(step)),
    facts,
  );
}
