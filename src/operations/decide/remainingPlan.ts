// Whether what is left of a plan is still right, asked between two of its steps on a fresh look: others act too, and a
// checkpoint changes what the rest stands on.
import { userOf } from '../interruptedStep.js';
import { emptiness, mayMakeCurrent, useOfOverlays, withoutPluggedIn } from '../matchesPlan.js';
import type { OperationRequest } from '../../domain/operation.js';
import { withoutUnread } from '../../domain/chains/otherVms.js';
import type { PlannedWork } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import { sameSteps } from '../planIdentity.js';
import { planConsolidate } from '../consolidate/planConsolidate.js';
import { mergeBefore, startsDelete } from '../delete/deleteSteps.js';
import { planDelete } from '../delete/planDelete.js';
import { endOf } from '../revert/endState.js';
import { planRevert } from '../revert/planRevert.js';
import { partsOf } from '../delete/recoverSeries.js';
import { stepsOverChangedRefusal } from './stepsOverChanged.js';
import { isListed } from '../../domain/chains/folderNames.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { findSnapshot } from '../../domain/snapshotTree.js';

/**
 * | plan                 | next step                    | the rest is right when                                    |
 * |----------------------|------------------------------|-----------------------------------------------------------|
 * | revert, checkpoint just taken | any                 | it is of the kind that was planned, the same revert without a checkpoint has the same steps, and the names it chose are free |
 * | delete of several    | the next snapshot's delete   | the same delete goes over the same snapshots from here    |
 * | any                  | metadata of one whose overlay we have just merged | always: the files hold something else  |
 * | prune, consolidate by snapshots | the next one           | its delete alone has these steps and loses no other file  |
 * | consolidate by commit | the next disk               | its merge alone is the same                               |
 * | any                  | any other                    | always: it has begun, and only its end is safe            |
 *
 * @param facts as fresh as the first, with all that the request needs
 * @param done how many steps of the plan are done
 */
export function remainingPlan(
  request: OperationRequest,
  facts: Facts,
  plan: PlannedWork,
  done: number,
): 'same' | RefusedDecision {
  return stepsOverChangedRefusal(plan.steps.slice(done), facts) ?? restOf(request, facts, plan, done);
}

function restOf(request: OperationRequest, facts: Facts, plan: PlannedWork, done: number): 'same' | RefusedDecision {
  const rest = plan.steps.slice(done);
  const last = plan.steps[done - 1];
  const changed = refuse('stalePlan', { vm: facts.vm.name });
  if (request.kind === 'revert' && last?.kind === 'createSnapshot' && last.name === plan.checkpoint) {
    const target = findSnapshot(facts.tree, request.snapshot);
    if (target === undefined) {
      return refuse('snapshotMissing', { vm: facts.vm.name, snapshot: request.snapshot });
    }
    // libvirt decides by the VM's state at its own moment: somebody may have switched it on or off since we looked.
    if (findSnapshot(facts.tree, last.name)?.kind !== last.snapshotKind) {
      return changed;
    }
    // A managed save was started for the checkpoint: before that, the VM was off.
    const saved = plan.steps.slice(0, done).some((step) => step.kind === 'startPaused');
    const after = endOf(request.after, target, saved ? 'off' : facts.vm.power);
    const fresh = planRevert({ ...request, after, checkpointFirst: false }, withoutUnread(facts));
    if (fresh.kind === 'refusal') {
      return fresh;
    }
    return sameSteps(rest, fresh.steps) ? (takenNameRefusal(rest, facts) ?? 'same') : changed;
  }
  const [next] = rest;
  if (next !== undefined && mergeBefore(plan.steps, done) !== undefined) {
    return 'same';
  }
  if (request.kind === 'delete' && done > 0 && next !== undefined && startsDelete(next)) {
    const fresh = planDelete(request, facts);
    if (fresh.kind === 'refusal') {
      return fresh;
    }
    return sameSteps(rest.filter(startsDelete), fresh.steps.filter(startsDelete)) ? 'same' : changed;
  }
  if ((request.kind === 'prune' || request.kind === 'consolidate') && done > 0) {
    const part = partsOf(rest)[0];
    if (part?.first === 0) {
      return seriesRefusal(part.snapshot, rest.slice(0, part.last + 1), plan, facts) ?? 'same';
    }
    if (rest[0]?.kind === 'blockCommit') {
      return commitRefusal(request, rest[0], facts) ?? 'same';
    }
  }
  return stepRefusal(rest[0], plan, facts, 'passOver') ?? 'same';
}

/** Alone, it must go in the same way as in the series, and lose no file that was not told. */
function seriesRefusal(
  snapshot: string,
  own: readonly Step[],
  { request: { vm: ref }, removes = [] }: PlannedWork,
  facts: Facts,
): RefusedDecision | undefined {
  const fresh = planDelete({ kind: 'delete', vm: ref, snapshot, scope: 'one' }, facts);
  if (fresh.kind === 'refusal') {
    return fresh;
  }
  const told = new Set(removes);
  return sameSteps(fresh.steps.filter(startsDelete), own.filter(startsDelete)) &&
    (fresh.removes ?? []).every((file) => told.has(file))
    ? undefined
    : refuse('stalePlan', { vm: facts.vm.name });
}

/** Checks one of several disks again before its own commit. */
function commitRefusal(
  request: Extract<OperationRequest, { kind: 'prune' | 'consolidate' }>,
  step: Extract<Step, { kind: 'blockCommit' }>,
  facts: Facts,
): RefusedDecision | undefined {
  const fresh = planConsolidate({ ...request, kind: 'consolidate', targets: [step.target] }, facts);
  if (fresh.kind === 'refusal') {
    return fresh;
  }
  return sameSteps(fresh.steps.slice(0, 1), [step]) ? undefined : refuse('stalePlan', { vm: facts.vm.name });
}

/**
 * Whether somebody did something meanwhile that a step would take away.
 *
 * @param unknown what an overlay counts as of which it is not known whether it is empty
 */
export function stepRefusal(
  step: Step | undefined,
  plan: PlannedWork,
  facts: Facts,
  unknown: 'passOver' | 'refuse',
): RefusedDecision | undefined {
  const { vm } = facts;
  const changed = refuse('stalePlan', { vm: vm.name });
  if (step?.kind === 'removeFiles') {
    const going = new Set(step.files);
    return step.files.some((file) => userOf(file, going, facts) !== undefined) ? changed : undefined;
  }
  if (step?.kind === 'makeCurrent') {
    return mayMakeCurrent(step, plan, facts) ? undefined : changed;
  }
  if (step?.kind === 'restoreMemory') {
    const own = withoutPluggedIn(step.disks, step.snapshot, facts);
    const pluggedIn = step.disks.filter((disk) => !own.includes(disk));
    const isWritten = pluggedIn.some(({ file }) => emptiness(file, facts) === false);
    const use = isWritten ? 'used' : useOfOverlays(own, facts);
    return use === 'used' || (use === 'unknown' && unknown === 'refuse')
      ? refuse('usedSince', { vm: vm.name })
      : undefined;
  }
  return undefined;
}

/** The plan goes on with the names that it chose at first. */
function takenNameRefusal(rest: readonly Step[], facts: Facts): RefusedDecision | undefined {
  for (const { file } of rest.flatMap((step) => (step.kind === 'createOverlays' ? step.overlays : []))) {
    if (isListed(file, facts)) {
      return refuse('fileTaken', { file });
    }
  }
  return undefined;
}
