// The end of a revert of ours that broke off. Until the VM is stopped, nothing but new files is there, and they go;
// from then on the same steps go on, with the same names.
import {
  findInterruptedStep,
  explain,
  goOn,
  hasBegun,
  removable,
  removal,
  withSafeRemovals,
  wasBegun,
} from '../interruptedStep.js';
import {
  isCurrentAsPlanned,
  emptiness,
  checkpointOfRecovery,
  losesRam,
  mayMakeCurrent,
  standsExactlyOn,
  useOfAbandoned,
  useOfOverlays,
} from '../matchesPlan.js';
import type { DraftPlan, PlannedWork } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step, TargetFile } from '../../steps/step.js';
import type { EndState } from './endState.js';
import { planRevert } from './planRevert.js';
import { undoCreate } from '../create/recoverCreate.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { brokenRefusal } from '../../domain/chains/snapshotWhole.js';
import { standsOn } from '../../domain/chains/standsOn.js';
import { applyAll, isDone } from '../../steps/steps.js';
import { isActive, xmlChain } from '../../domain/vm.js';

type PlanAgain = (broken: InterruptedOperation, facts: Facts) => DraftPlan | RefusedDecision | undefined;

/**
 * | begun                       | the current state                           | → |
 * |-----------------------------|---------------------------------------------|---|
 * | the checkpoint, at most     | any                                         | as a create: before |
 * | the overlays                | any                                         | before; overlays that nobody uses are removed |
 * | the power cut, or later     | the target's files are not whole any more, and the VM is not on the new overlays | before: the VM is off on its old disks |
 * | the definition, or later    | the same, and the VM is on the new overlays | explained, if `returnFromRevert` has no way |
 * | the power cut, or later     | the VM is on its old disks, see useOfLeft: untouched | the rest of the steps |
 * | the power cut, or later     | … unknown, and the VM ran or had a managed save | decided anew, and the current state is kept first |
 * | the power cut, or later     | … untouched since a recovery kept it        | decided anew |
 * | the power cut, or later     | … unknown otherwise                         | before |
 * | the power cut, or later     | … used, or the VM is anywhere else          | before; explained where RAM that was saved is gone |
 * | the definition, or later    | the VM is on the new overlays               | see `continueOnOverlays` |
 *
 * @param planAgain decides the operation anew: a repair may have the same steps
 */
export function recoverEmulatedRevert(
  broken: InterruptedOperation,
  facts: Facts,
  planAgain: PlanAgain = planRevertAgain,
): Recovery {
  const { plan } = broken;
  const overlays = overlaysToMake(plan);
  const define = plan.steps.find((step) => step.kind === 'defineFromSnapshot');
  const onNew = define !== undefined && standsOn(define.disks, facts);
  if (!wasStopped(broken, facts) && !onNew) {
    return withoutOverlays(broken, overlays, undoCheckpoint(broken, facts), facts);
  }
  const target = define === undefined ? undefined : findSnapshot(facts.tree, define.snapshot);
  const why =
    target === undefined
      ? refuse('snapshotMissing', { vm: facts.vm.name, snapshot: define?.snapshot ?? '' })
      : brokenRefusal(target, facts);
  const before: Recovery = { kind: 'settled', to: 'before' };
  if (why !== undefined) {
    return onNew ? explain(broken, why.refusal, [], facts) : withoutOverlays(broken, overlays, before, facts);
  }
  if (onNew) {
    return continueOnOverlays(broken, facts);
  }
  const use = useOfAbandoned(plan, facts);
  if (use === 'untouched' && checkpointOfRecovery(plan, facts) === undefined) {
    return goOn(broken, remainingSteps(broken, facts), 'after');
  }
  const stopped = broken.request.kind === 'repair' || losesRam(plan);
  if (use === 'untouched' || (use === 'unknown' && (stopped || wasDropped(broken, facts)))) {
    return restartRevert(broken, overlays, planAgain, facts);
  }
  // A recovery that kept the current state broke off with overlays of its own, which this plan does not know.
  const elsewhere = use === 'used' && checkpointOfRecovery(plan, facts) !== undefined && facts.vm.power === 'off';
  return elsewhere || wasDropped(broken, facts)
    ? explainUsed(broken, [], facts)
    : withoutOverlays(broken, overlays, before, facts);
}

/**
 * The VM is on the new overlays, or on one of those. What is left of the steps:
 *
 * | the overlays, see useOfOverlays | left                                         | → |
 * |---------------------------------|----------------------------------------------|---|
 * | any                             | nothing but files to remove                  | after; those go that may |
 * | untouched                       | any                                          | the rest of the steps |
 * | used, unknown; VM off           | metadata, the leaf, a start                  | the metadata and the leaf |
 * | used; VM active                 | metadata, a start                            | the metadata |
 * | used, unknown                   | RAM or UEFI variables to put back, a definition | explained: they would not fit any more |
 */
function continueOnOverlays(broken: InterruptedOperation, facts: Facts): Recovery {
  const { vm } = facts;
  const rest = remainingSteps(broken, facts);
  const active = isActive(vm.power);
  const { disks: own } = broken.plan.steps.find((step) => step.kind === 'defineFromSnapshot') ?? {};
  const on = onFiles(broken.plan, facts);
  const use = on === undefined || !isCurrentAsPlanned(broken.plan, facts) ? 'used' : useOfOverlays(on, facts);
  const left = rest.filter((step) => !isDoneByUse(step));
  if (use === 'untouched' || left.every((step) => step.kind === 'removeFiles')) {
    return goOn(broken, use === 'untouched' ? rest : left, 'after');
  }
  const fits = left.every(
    (step) =>
      step.kind === 'removeFiles' ||
      (step.kind === 'makeCurrent' && mayMakeCurrent(step, broken.plan, facts)) ||
      (step.kind === 'createSnapshot' && !active && on === own),
  );
  return fits && on !== undefined && isCurrentAsPlanned(broken.plan, facts)
    ? goOn(broken, left, 'after')
    : explainUsed(
        broken,
        left.filter((step) => step.kind === 'makeCurrent' || step.kind === 'createSnapshot'),
        facts,
      );
}

/** Somebody who used the VM has it in the state that they want. */
function isDoneByUse(step: Step): boolean {
  return (
    step.kind === 'setGuestClock' || step.kind === 'startPaused' || (step.kind === 'power' && step.action === 'start')
  );
}

/** The overlays that the VM stands on: the leaf's, or else its own; undefined where it stands on others by now. */
function onFiles(plan: PlannedWork, facts: Facts): readonly TargetFile[] | undefined {
  const define = plan.steps.find((step) => step.kind === 'defineFromSnapshot');
  const own = define?.disks ?? [];
  const leaf = plan.steps.find((step) => step.kind === 'createSnapshot' && step.auto === 'layout');
  const above = leaf?.kind === 'createSnapshot' ? leaf.disks : [];
  const final = own.map(({ target, file }) => ({
    target,
    file: above.find((disk) => disk.target === target)?.file ?? file,
  }));
  return [own, final].find((files) => standsExactlyOn(files, facts));
}

/** The person who used the VM since decides what to do. */
function explainUsed(broken: InterruptedOperation, steps: readonly Step[], facts: Facts): Recovery {
  return explain(broken, refuse('usedSince', { vm: facts.vm.name }).refusal, steps, facts);
}

/**
 * The VM is off where it was, and its changes were to be lost; whether there are more of them by now cannot be told. So
 * the current state is kept first.
 */
function restartRevert(
  broken: InterruptedOperation,
  overlays: readonly string[],
  planAgain: PlanAgain,
  facts: Facts,
): Recovery {
  const left = removal(removable(overlays, broken.plan, facts, 'notNamed'));
  const fresh = planAgain(broken, facts);
  return fresh?.kind === 'plan'
    ? goOn(broken, [...left, ...fresh.steps], 'after')
    : explain(broken, fresh?.refusal ?? refuse('usedSince', { vm: facts.vm.name }).refusal, [], facts);
}

function planRevertAgain({ request, plan }: InterruptedOperation, facts: Facts): ReturnType<PlanAgain> {
  return request.kind === 'revert'
    ? planRevert({ ...request, after: endOfSteps(plan), checkpointFirst: true }, facts)
    : undefined;
}

function endOfSteps({ steps }: PlannedWork): EndState {
  for (const step of steps) {
    if (step.kind === 'restoreMemory') {
      return step.to;
    }
    if (step.kind === 'power' && step.action === 'start') {
      return 'running';
    }
  }
  const define = steps.findIndex((step) => step.kind === 'defineFromSnapshot');
  return steps.some((step, index) => step.kind === 'startPaused' && index > define) ? 'paused' : 'off';
}

/**
 * Whether anything was done that new files do not undo. A VM that was off before has no power to cut: then it is the
 * definition, or the managed save that was dropped.
 */
function wasStopped(broken: InterruptedOperation, facts: Facts): boolean {
  const { steps } = broken.plan;
  const cut = steps.findIndex((step) => step.kind === 'power' && step.action === 'forceOff');
  return (
    wasDropped(broken, facts) ||
    (wasBegun(broken, cut) && facts.vm.power === 'off') ||
    hasBegun(broken, ['defineFromSnapshot', 'makeCurrent', 'restoreMemory'])
  );
}

function wasDropped(broken: InterruptedOperation, { vm }: Facts): boolean {
  return hasBegun(broken, ['dropManagedSave']) && !vm.managedSave;
}

/**
 * From the first step that is not done. Overlays that are gone again are made again, and a leaf that was half made
 * leaves files that it would find taken.
 */
function remainingSteps(broken: InterruptedOperation, facts: Facts): readonly Step[] {
  const { steps } = broken.plan;
  const overlays = steps.findIndex((step) => step.kind === 'createOverlays');
  const define = steps.findIndex((step) => step.kind === 'defineFromSnapshot');
  const [make] = steps.slice(overlays, overlays + 1);
  const at = Math.max(findInterruptedStep(broken, facts), overlays);
  const again: readonly Step[] = make !== undefined && at > overlays && isDone(make, facts) !== 'yes' ? [make] : [];
  const leaf = steps.findIndex((step) => step.kind === 'createSnapshot' && step.auto === 'layout');
  const made = steps[leaf];
  const halfMade =
    made?.kind === 'createSnapshot' && at <= leaf && isDone(made, facts) !== 'yes'
      ? made.disks.flatMap(({ file }) => (file !== undefined && emptiness(file, facts) === true ? [file] : []))
      : [];
  const present = new Set(facts.vm.disks.flatMap(xmlChain));
  const blind = halfMade.some((file) => present.has(file));
  // The VM stands on the leaf's overlay without the leaf: back on its own ones first, which that one rests on.
  const from = blind ? Math.min(at, define) : at;
  // By the definition, the VM does not stand on the overlays any more that are to be removed.
  const later = from <= define ? applyAll(steps.slice(from, define + 1), facts) : facts;
  const rest = withSafeRemovals(steps.slice(from), broken.plan, later).filter(
    (step) => step.kind !== 'power' || step.action !== 'forceOff' || isActive(facts.vm.power),
  );
  return [...again, ...rest].flatMap((step): readonly Step[] =>
    step === made && halfMade.length > 0 ? [{ kind: 'removeFiles', files: halfMade }, step] : [step],
  );
}

function undoCheckpoint(broken: InterruptedOperation, facts: Facts): Recovery {
  const made = broken.plan.steps.find((step) => step.kind === 'createSnapshot' && step.auto === 'revert');
  return made === undefined
    ? { kind: 'settled', to: 'before' }
    : undoCreate({ ...broken, plan: { ...broken.plan, steps: checkpointSteps(broken.plan) } }, facts);
}

function checkpointSteps({ steps }: PlannedWork): readonly Step[] {
  return steps.slice(0, steps.findIndex((step) => step.kind === 'createSnapshot' && step.auto === 'revert') + 1);
}

function overlaysToMake({ steps }: PlannedWork): readonly string[] {
  return steps.flatMap((step) => (step.kind === 'createOverlays' ? step.overlays.map(({ file }) => file) : []));
}

function withoutOverlays(
  broken: InterruptedOperation,
  overlays: readonly string[],
  before: Recovery,
  facts: Facts,
): Recovery {
  const left = hasBegun(broken, ['createOverlays']) ? removable(overlays, broken.plan, facts, 'notNamed') : [];
  if (before.kind === 'explain' || left.length === 0) {
    return before;
  }
  const steps = before.kind === 'steps' ? before.plan.steps : [];
  return goOn(broken, [...steps, { kind: 'removeFiles', files: left }], 'before');
}
