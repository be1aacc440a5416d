// The end of a revert of ours that broke off. Until the VM is stopped, nothing but new files is there, and they go; from
// then on the same steps go on, with the same names.
import { afterDefine } from './afterSteps.js';
import { brokenAt, explain, goOn, hasBegun, safely, unused, wasBegun } from './brokenAt.js';
import { layersOf } from './fileUse.js';
import type { Plan, Situation, Step } from './plan.js';
import { undoCreate } from './recoverCreate.js';
import type { BrokenOff, Recovery } from './recovery.js';
import { type Refusal, refuse } from './refusal.js';
import { findSnapshot } from './snapshotTree.js';
import { brokenObstacle } from './snapshotWhole.js';
import { effectOf, isThere, standsOn } from './stepEffect.js';
import { isActive } from './vm.js';

/**
 * | begun                       | the present                                 | → |
 * |-----------------------------|---------------------------------------------|---|
 * | the checkpoint, at most     | any                                         | as a create: before |
 * | the overlays                | any                                         | before; overlays that nobody uses are removed |
 * | the power cut               | the VM is active, and not on the overlays   | before; the same |
 * | the power cut, or later     | the target's files are not whole any more, and the VM is not on them | before: the VM is off on its old disks |
 * | the definition, or later    | the same, and the VM is on them             | back to the checkpoint's disks, else explained |
 * | the power cut, or later     | the VM is off                               | the rest of the steps |
 * | the definition, or later    | the VM is active on the overlays            | the rest; what needs it off is explained |
 */
export function recoverEmulatedRevert(broken: BrokenOff, situation: Situation): Recovery {
  const { plan } = broken;
  const { vm } = situation;
  const overlays = madeOverlays(plan);
  const define = plan.steps.find((step) => step.do === 'defineFromSnapshot');
  const onNew = define !== undefined && standsOn(define.disks, situation);
  if (!wasStopped(broken, situation) && !onNew) {
    return withoutOverlays(broken, overlays, undoCheckpoint(broken, situation), situation);
  }
  const target = define === undefined ? undefined : findSnapshot(situation.tree, define.snapshot);
  const why =
    target === undefined
      ? refuse('snapshotMissing', { vm: vm.name, snapshot: define?.snapshot ?? '' })
      : brokenObstacle(target, situation);
  if (why !== undefined) {
    return onNew
      ? backToCheckpoint(broken, overlays, why.refusal, situation)
      : withoutOverlays(broken, overlays, { type: 'settled', to: 'before' }, situation);
  }
  if (isActive(vm.power) && !onNew) {
    return withoutOverlays(broken, overlays, { type: 'settled', to: 'before' }, situation);
  }
  const rest = restOf(broken, situation);
  const stuck = isActive(vm.power) ? rest.find((step) => needsOff.has(step.do)) : undefined;
  return stuck === undefined
    ? goOn(broken, rest, 'after')
    : explain(broken, refuse('notOff', { vm: vm.name, state: vm.power, wanted: 'revert' }).refusal, rest, situation);
}

const needsOff: ReadonlySet<Step['do']> = new Set(['defineFromSnapshot', 'createSnapshot', 'copyFile']);

/**
 * Whether anything was done that new files do not undo. A VM that was off before has no power to cut: then it is the
 * definition, or the managed save that was dropped.
 */
function wasStopped(broken: BrokenOff, { vm }: Situation): boolean {
  const { steps } = broken.plan;
  const cut = steps.findIndex((step) => step.do === 'power' && step.action === 'forceOff');
  const dropped = hasBegun(broken, ['dropManagedSave']) && !vm.managedSave;
  return (
    dropped ||
    (wasBegun(broken, cut) && vm.power === 'off') ||
    hasBegun(broken, ['defineFromSnapshot', 'makeCurrent', 'restoreMemory'])
  );
}

/**
 * From the first step that is not done. Overlays that are gone again are made again, and a leaf that was half made leaves
 * files that it would find taken.
 */
function restOf(broken: BrokenOff, situation: Situation): readonly Step[] {
  const { steps } = broken.plan;
  const overlays = steps.findIndex((step) => step.do === 'createOverlays');
  const define = steps.findIndex((step) => step.do === 'defineFromSnapshot');
  const [make] = steps.slice(overlays, overlays + 1);
  const at = Math.max(brokenAt(broken, situation), overlays);
  const again: readonly Step[] =
    make !== undefined && at > overlays && effectOf(make, situation) !== 'there' ? [make] : [];
  const leaf = steps.findIndex((step) => step.do === 'createSnapshot' && step.auto === 'layout');
  const made = steps[leaf];
  const halfMade =
    made?.do === 'createSnapshot' && at <= leaf && effectOf(made, situation) !== 'there'
      ? made.disks.flatMap(({ file }) => (file !== undefined && isThere(file, situation) ? [file] : []))
      : [];
  const present = new Set(situation.vm.disks.flatMap(layersOf));
  const blind = halfMade.some((file) => present.has(file));
  // The VM stands on the leaf's overlay without the leaf: back on its own ones first, which that one rests on.
  const from = blind ? Math.min(at, define) : at;
  const later = from <= define ? whenDefined(steps[define], situation) : situation;
  const rest = safely(steps.slice(from), later).filter(
    (step) => step.do !== 'power' || step.action !== 'forceOff' || isActive(situation.vm.power),
  );
  return [...again, ...rest].flatMap((step): readonly Step[] =>
    step === made && halfMade.length > 0 ? [{ do: 'removeFiles', files: halfMade }, step] : [step],
  );
}

/** By then, the VM does not stand on the overlays any more that are to be removed. */
function whenDefined(define: Step | undefined, situation: Situation): Situation {
  const frozen = define?.do === 'defineFromSnapshot' ? situation.frozenDisks?.get(define.snapshot) : undefined;
  return define?.do === 'defineFromSnapshot' && frozen !== undefined
    ? afterDefine(situation, frozen, define.disks)
    : situation;
}

function undoCheckpoint(broken: BrokenOff, situation: Situation): Recovery {
  const made = broken.plan.steps.find((step) => step.do === 'createSnapshot' && step.auto === 'revert');
  return made === undefined
    ? { type: 'settled', to: 'before' }
    : undoCreate({ ...broken, plan: { ...broken.plan, steps: checkpointSteps(broken.plan) } }, situation);
}

function checkpointSteps({ steps }: Plan): readonly Step[] {
  return steps.slice(0, steps.findIndex((step) => step.do === 'createSnapshot' && step.auto === 'revert') + 1);
}

function madeOverlays({ steps }: Plan): readonly string[] {
  return steps.flatMap((step) => (step.do === 'createOverlays' ? step.overlays.map(({ file }) => file) : []));
}

function withoutOverlays(
  broken: BrokenOff,
  overlays: readonly string[],
  before: Recovery,
  situation: Situation,
): Recovery {
  const left = hasBegun(broken, ['createOverlays']) ? unused(overlays, situation, 'notNamed') : [];
  if (before.type === 'explain' || left.length === 0) {
    return before;
  }
  const steps = before.type === 'steps' ? before.plan.steps : [];
  return goOn(broken, [...steps, { do: 'removeFiles', files: left }], 'before');
}

/** The definition names files that cannot be used any more. The checkpoint has the present, on overlays of its own. */
function backToCheckpoint(
  broken: BrokenOff,
  overlays: readonly string[],
  why: Refusal,
  situation: Situation,
): Recovery {
  const { plan } = broken;
  const made = plan.steps.find((step) => step.do === 'createSnapshot' && step.auto === 'revert');
  const disks =
    made?.do === 'createSnapshot'
      ? made.disks.flatMap(({ target, file }) => (file === undefined ? [] : [{ target, file }]))
      : [];
  const kept = made?.do === 'createSnapshot' ? findSnapshot(situation.tree, made.name) : undefined;
  const whole = kept !== undefined && disks.length > 0 && disks.every(({ file }) => isThere(file, situation));
  if (!whole || isActive(situation.vm.power)) {
    return explain(broken, why, [], situation);
  }
  return goOn(
    broken,
    [
      { do: 'defineFromSnapshot', snapshot: kept.name, disks },
      { do: 'makeCurrent', snapshot: kept.name, disks },
      { do: 'removeFiles', files: overlays },
    ],
    'before',
  );
}
