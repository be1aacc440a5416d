// The end of a delete that broke off: what is gone is gone, and the rest goes too. A merge that was half done is done
// once more, where the VM still stands on the file that it comes from.
import { brokenAt, explain, goOn, removal, safely, unused, wasBegun } from '../brokenAt.js';
import { leftMerges } from './leftMerges.js';
import { staleNames } from '../rename/staleNames.js';
import { mayMakeCurrent } from '../leftAsPlanned.js';
import { letGoSteps } from './letGo.js';
import { externalTargets } from '../../domain/chains/deletedFiles.js';
import { frozenFile } from '../../domain/chains/fileUse.js';
import { isUnwritten } from '../../domain/chains/lastWrites.js';
import { otherVmObstacle } from '../../domain/chains/otherVms.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Plan } from '../plan.js';
import type { Situation } from '../../domain/situation.js';
import type { Step } from '../../steps/step.js';
import { planDelete } from './planDelete.js';
import { canRemove } from './planEmulatedDelete.js';
import { sameSteps } from '../planEssence.js';
import { mergeSteps, planDeleteAgain, planFinishDelete, planFinishMerge, whenMerged } from './planFinishDelete.js';
import type { BrokenOff, Recovery } from '../interrupted.js';
import { refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { findSnapshot, isOnActivePath, parentOf } from '../../domain/snapshotTree.js';

type DeleteBrokenOff = BrokenOff & { readonly request: Extract<OperationRequest, { kind: 'delete' }> };

/**
 * | any of those that were to go is gone | the next one to go       | → |
 * |--------------------------------------|--------------------------|---|
 * | no                                  | not begun, or untouched  | before |
 * | any                                 | its parent is marked: half merged | see planFinishDelete, then the rest |
 * | any                                 | begun, a root, and merged with a disk or more | see planFinishMerge, then the rest |
 * | any                                 | begun, a root, and something was written into what it froze | it is deleted again, then the rest |
 * | any                                 | begun, and its tag is in no image any more | its metadata goes, then the rest |
 * | any                                 | begun, and those above it have left it  | see letGoSteps, then the rest |
 * | yes                                 | there                    | the rest, if the rules still allow it; else explained |
 * | yes                                 | none                     | files that were to go, if nobody uses them; after |
 * | yes, and somebody names its overlay still | any            | see staleNames, then as above |
 * | yes, and the VM stands on its overlay still | any    | see leftMerges, then as above |
 *
 * One that somebody made current meanwhile stays so.
 */
export function recoverDelete(brokenOff: DeleteBrokenOff, seen: Situation): Recovery {
  const { steps: named, situation } = staleNames(brokenOff.plan, seen);
  const left = leftMerges(brokenOff.plan, situation);
  const elsewhere = otherVmObstacle(
    left.flatMap(({ top, base }) => [top, base]),
    situation,
    'refuse',
  );
  if (left.length > 0 && elsewhere !== undefined) {
    return explain(brokenOff, elsewhere.refusal, [...named, ...mergeSteps(left, situation)], situation);
  }
  const merged = whenMerged(left, situation);
  const rest = recoverRest(brokenOff, merged);
  if (rest.kind === 'explain' || (left.length === 0 && named.length === 0)) {
    return rest;
  }
  const overlays = left.map(({ top }) => top).filter((file) => canRemove(file, situation));
  const steps = [...named, ...mergeSteps(left, situation), ...removal(unused(overlays, merged, 'notNamed'))];
  return goOn(brokenOff, [...steps, ...(rest.kind === 'steps' ? rest.plan.steps : [])], rest.to);
}

function recoverRest(brokenOff: DeleteBrokenOff, situation: Situation): Recovery {
  const { request, plan } = brokenOff;
  const at = brokenAt(brokenOff, situation);
  const rest = plan.steps.slice(at);
  const isDelete = (step: Step): boolean => step.kind === 'deleteSnapshot' || step.kind === 'forgetSnapshot';
  const next = rest.find((step) => step.kind === 'deleteSnapshot' || step.kind === 'forgetSnapshot');
  const marked = next === undefined ? undefined : parentOf(situation.tree, next.snapshot);
  const half = marked?.disks.some(({ deleteInProgress }) => deleteInProgress) === true;
  // Where libvirt has put those above on the marked one, it would be they that a finish takes for the one to go.
  const isAbove = next !== undefined && isOnActivePath(situation.tree, next.snapshot);
  if (isAbove && half && wasBegun(brokenOff, plan.steps.indexOf(next))) {
    const finish = planFinishDelete(request.vm, marked.name, situation);
    const after = rest.slice(rest.indexOf(next) + 1);
    return finish.kind === 'refusal'
      ? explain(brokenOff, finish.refusal, [next], situation)
      : goOn(brokenOff, [...finish.steps, ...safely(after, plan, whenGone(rest, situation))], 'after');
  }
  const doomedNext = next === undefined ? undefined : findSnapshot(situation.tree, next.snapshot);
  if (next?.kind === 'deleteSnapshot' && doomedNext !== undefined && wasBegun(brokenOff, plan.steps.indexOf(next))) {
    const hasBegun = isRootWrittenTo(doomedNext, plan, situation);
    const finish =
      planFinishMerge(doomedNext, undefined, hasBegun, situation) ??
      (hasBegun ? planDeleteAgain(request.vm, doomedNext, situation) : undefined);
    if (finish !== undefined) {
      const after = rest.slice(rest.indexOf(next) + 1);
      return finish.kind === 'refusal'
        ? explain(brokenOff, finish.refusal, [next], situation)
        : goOn(brokenOff, [...finish.steps, ...safely(after, plan, whenGone(rest, situation))], 'after');
    }
  }
  if (next !== undefined && wasBegun(brokenOff, plan.steps.indexOf(next))) {
    const end = isUntagged(next.snapshot, situation)
      ? [{ kind: 'forgetSnapshot' as const, snapshot: next.snapshot }]
      : letGoSteps(next.snapshot, plan, situation);
    const unmark = half ? [{ kind: 'clearUnfinishedDelete' as const, snapshot: marked.name }] : [];
    const after = rest.slice(rest.indexOf(next) + 1);
    if (end !== undefined) {
      return 'kind' in end
        ? explain(brokenOff, end.refusal, [next], situation)
        : goOn(brokenOff, [...end, ...unmark, ...safely(after, plan, whenGone(rest, situation))], 'after');
    }
  }
  const doomed = plan.losses.flatMap((loss) => (loss.kind === 'restorePoints' ? loss.names : []));
  const anyGone =
    plan.steps.some((step, index) => isDelete(step) && wasBegun(brokenOff, index)) &&
    doomed.some((name) => findSnapshot(situation.tree, name) === undefined);
  if (!anyGone) {
    return { kind: 'settled', to: 'before' };
  }
  if (next !== undefined && findSnapshot(situation.tree, request.snapshot) !== undefined) {
    const fresh = planDelete(request, situation);
    const { vm } = situation;
    if (fresh.kind === 'refusal' || !sameSteps(fresh.steps.filter(isDelete), rest.filter(isDelete))) {
      const why = fresh.kind === 'refusal' ? fresh : refuse('changedMeanwhile', { vm: vm.name });
      return explain(brokenOff, why.refusal, rest, situation);
    }
  }
  const left = rest.filter((step) => step.kind !== 'makeCurrent' || mayMakeCurrent(step, plan, situation));
  return goOn(brokenOff, safely(left, plan, whenGone(rest, situation)), 'after');
}

/**
 * Half a merge is in what a root froze: it has no parent that libvirt could mark. Nobody else writes there, so the time of the
 * last write tells; where it is not known, it counts as written to, for to merge once more does no harm.
 */
function isRootWrittenTo(snapshot: Snapshot, { changes }: Plan, situation: Situation): boolean {
  const { name, style, parent } = snapshot;
  return (
    style === 'external' &&
    parent === undefined &&
    isOnActivePath(situation.tree, name) &&
    externalTargets(snapshot).some((target) => {
      const base = frozenFile(situation, name, target);
      return base === undefined || !isUnwritten(base, changes, situation);
    })
  );
}

/** For certain: libvirt took the tags out of the images, and died before it wrote so. */
function isUntagged(name: string, situation: Situation): boolean {
  const inside = findSnapshot(situation.tree, name)?.disks.filter(({ location }) => location === 'internal') ?? [];
  return (
    inside.length > 0 &&
    inside.every(({ target }) => {
      const facts = situation.files?.images.get(frozenFile(situation, name, target) ?? '');
      return typeof facts === 'object' && facts.tags?.includes(name) === false;
    })
  );
}

/** By then, those that are still to go use no file any more. */
function whenGone(rest: readonly Step[], situation: Situation): Situation {
  const going = new Set(
    rest.flatMap((step) => (step.kind === 'deleteSnapshot' || step.kind === 'forgetSnapshot' ? [step.snapshot] : [])),
  );
  const { tree, frozenDisks } = situation;
  return {
    ...situation,
    tree: { ...tree, snapshots: tree.snapshots.filter(({ name }) => !going.has(name)) },
    ...(frozenDisks === undefined
      ? {}
      : { frozenDisks: new Map([...frozenDisks].filter(([name]) => !going.has(name))) }),
  };
}
