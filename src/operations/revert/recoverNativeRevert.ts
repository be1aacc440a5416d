// The end of a revert by libvirt that broke off. libvirt stops the VM before most of its work, so where the VM stands
// tells how far it came. Knows no revert of our own but the one that leads off frozen files.
import { wholeChain } from '../../domain/chains/backingChain.js';
import { findInterruptedStep, explain, goOn, hasBegun, wasBegun } from '../interruptedStep.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { isUnwritten } from '../../domain/chains/lastWrites.js';
import { frozenFileRefusal } from '../refusals.js';
import { isCurrentAsPlanned, losesRam, useOfAbandoned } from '../matchesPlan.js';
import { stateCopy, stateFiles, stateThen } from '../../domain/chains/stateCopies.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { PlannedWork } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import { planEmulatedRevert } from './planEmulatedRevert.js';
import { planMakeCurrent } from './planMakeCurrent.js';
import { type EndState, endOf } from './endState.js';
import { planRevert } from './planRevert.js';
import { undoCreate } from '../create/recoverCreate.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { isActive } from '../../domain/vm.js';

type InterruptedRevert = InterruptedOperation & { readonly request: Extract<OperationRequest, { kind: 'revert' }> };

/**
 * | begun                      | the VM now                              | current          | → |
 * |----------------------------|-----------------------------------------|------------------|---|
 * | checkpoint only            | any                                     | any              | as a create: before |
 * | managed save dropped, or power cut for UEFI variables or the TPM's state | off, or they are put back | any | see `recoverUnmoved` |
 * | the revert                 | paused, or off, on files that the target froze | any       | put on new overlays, by us; explained where RAM would come back and they may have been written to |
 * | the revert                 | running on files that the target froze  | any              | explained: it writes into them |
 * | the revert                 | on overlays of what the target froze    | another          | the target is made current, unless somebody made another so |
 * | the revert, to what is in the images | runs, as of a revert: see `isRunningReverted` | another    | the same, after which what is left follows |
 * | the revert, to what is in the images | runs or is paused               | none, see `wasUnmarked` | the same |
 * | the revert                 | any                                     | the target, which it was not before | after; what is left follows |
 * | the revert                 | elsewhere                               | another, or as before | see `recoverUnmoved` |
 */
export function recoverNativeRevert(broken: InterruptedRevert, facts: Facts): Recovery {
  const { plan, request } = broken;
  const { vm, tree } = facts;
  const reverting = plan.steps.findIndex((step) => step.kind === 'revert');
  const target = findSnapshot(tree, request.snapshot);
  const reached = broken.done.includes(reverting);
  if (!reached && !hasBegun(broken, ['revert'])) {
    const cut = plan.steps.findIndex((step) => step.kind === 'power' && step.action === 'forceOff');
    const stopped = cut >= 0 && cut < reverting && wasBegun(broken, cut) && vm.power === 'off';
    return wasDropped(broken, facts) || stopped || hasOtherState(broken)
      ? recoverUnmoved(broken, target, facts)
      : undoCreate(broken, facts);
  }
  if (target === undefined) {
    return explain(broken, refuse('snapshotMissing', { vm: vm.name, snapshot: request.snapshot }).refusal, [], facts);
  }
  const end = plannedEnd(broken, target, facts);
  if (!reached && target.style === 'external') {
    const frozen = frozenFileRefusal(target, facts);
    if (frozen !== undefined) {
      return vm.power === 'paused' || vm.power === 'off'
        ? leaveFrozenFiles(broken, target, end, frozen.refusal, facts)
        : explain(broken, frozen.refusal, [{ kind: 'power', action: 'forceOff' }], facts);
    }
  }
  const moved = target.style === 'external' && standsAbove(broken, target, facts);
  if (!reached && moved && tree.current !== target.name) {
    return isCurrentAsPlanned(plan, facts)
      ? finishMakeCurrent(broken, target, end, facts)
      : explainUsed(broken, [], facts);
  }
  const remainingSteps = (at: number): readonly Step[] =>
    plan.steps.slice(at).filter((step) => isStillNeeded(step, facts));
  if (reached || (tree.current === target.name && (moved || !wasCurrent(broken)))) {
    return goOn(broken, remainingSteps(Math.max(findInterruptedStep(broken, facts), reverting + 1)), 'after');
  }
  const unnoted = isRunningReverted(broken, facts) || (isActive(vm.power) && wasUnmarked(broken, facts));
  if (tree.current !== target.name && target.style === 'internal' && unnoted) {
    const mark: Step = { kind: 'makeCurrent', snapshot: target.name };
    return isCurrentAsPlanned(plan, facts)
      ? goOn(broken, [mark, ...remainingSteps(reverting + 1)], 'after')
      : explainUsed(broken, [], facts);
  }
  return recoverUnmoved(broken, target, facts);
}

/**
 * QEMU has let it run after the RAM came back, and libvirt notes that before it notes which snapshot is the current
 * one. It says so of an earlier revert too, until the VM stands still for something else, as for a checkpoint with RAM.
 */
function isRunningReverted({ plan }: InterruptedRevert, { vm }: Facts): boolean {
  const stoodStill = plan.steps.some((step) => step.kind === 'createSnapshot' && step.snapshotKind === 'memory');
  const isNews = plan.before.powerReason !== 'fromSnapshot' || stoodStill;
  return isNews && vm.power === 'running' && vm.powerReason === 'fromSnapshot';
}

/**
 * The last that libvirt does, once the RAM and the disks are back: it writes down that the one before is not the
 * current one, then that the target is. Killed between the two, it knows of none afterwards
 * (`qemuSnapshotRevertWriteMetadata`).
 */
function wasUnmarked({ plan }: InterruptedRevert, { tree }: Facts): boolean {
  const before = plan.checkpoint ?? plan.before.current;
  return tree.current === undefined && before !== undefined && findSnapshot(tree, before) !== undefined;
}

/** RAM that libvirt has just loaded, and that nobody let run, may go: it is in the snapshot. */
function isStillNeeded(step: Step, { vm }: Facts): boolean {
  return step.kind !== 'power' || (vm.power === 'paused' && vm.powerReason === 'fromSnapshot');
}

/**
 * The revert did nothing to the VM yet, but what its own steps before it did.
 *
 * | see useOfLeft | a saved RAM was dropped, or UEFI variables or TPM state put back | the VM ran before | → |
 * |---------------|------------------------------------------------|--------|---|
 * | untouched     | any                                            | any    | reverted |
 * | unknown       | no                                             | no     | before |
 * | unknown       | any other combination                          |        | the current state is kept, then reverted |
 * | used          | neither                                        | any    | before |
 * | used          | yes                                            | any    | explained |
 */
function recoverUnmoved(broken: InterruptedRevert, target: Snapshot | undefined, facts: Facts): Recovery {
  const { plan, request } = broken;
  const dropped = wasDropped(broken, facts);
  const replaced = hasOtherState(broken);
  switch (useOfAbandoned(plan, facts)) {
    case 'untouched':
      return revertAgain(broken, target, 'nothing', facts);
    case 'unknown':
      return dropped || replaced || losesRam(plan)
        ? revertAgain(broken, target, 'present', facts)
        : { kind: 'settled', to: 'before' };
    case 'used': {
      const { name } = facts.vm;
      if (replaced) {
        const why = refuse('variablesReplaced', { vm: name, snapshot: target?.title ?? request.snapshot }).refusal;
        return explain(broken, why, restoreStateSteps(broken, facts), facts);
      }
      return dropped ? explainUsed(broken, [], facts) : { kind: 'settled', to: 'before' };
    }
  }
}

/** The checkpoint has a copy of what the VM had. */
function restoreStateSteps({ plan }: InterruptedRevert, { vm, tree }: Facts): readonly Step[] {
  const { checkpoint, steps } = plan;
  const kept = findSnapshot(tree, checkpoint ?? '');
  if (checkpoint === undefined || kept === undefined) {
    return [];
  }
  // Of a file that the VM did not have then, there is none, and it needs none.
  const had = stateFiles(stateThen(vm, kept));
  const stop: readonly Step[] = isActive(vm.power) ? [{ kind: 'power', action: 'shutDown' }] : [];
  return [
    ...stop,
    ...steps.flatMap((step): readonly Step[] =>
      step.kind === 'copyFile' && step.existing === 'replace' && had.includes(step.to)
        ? [{ kind: 'copyFile', from: stateCopy(step.to, checkpoint), to: step.to, existing: 'replace' }]
        : [],
    ),
  ];
}

function explainUsed(broken: InterruptedRevert, steps: readonly Step[], facts: Facts): Recovery {
  return explain(broken, refuse('usedSince', { vm: facts.vm.name }).refusal, steps, facts);
}

function wasDropped(broken: InterruptedRevert, { vm }: Facts): boolean {
  return hasBegun(broken, ['dropManagedSave']) && !vm.managedSave;
}

function hasOtherState({ plan, begun, done }: InterruptedRevert): boolean {
  return plan.steps.some(
    (step, index) =>
      step.kind === 'copyFile' && step.existing === 'replace' && (begun.includes(index) || done.includes(index)),
  );
}

/** When it was reverted to: with a checkpoint, that one was. */
function wasCurrent({ plan, request }: InterruptedRevert): boolean {
  return plan.checkpoint === undefined && plan.before.current === request.snapshot;
}

/** What the plan ends with: the VM is off by now, perhaps, so `asBefore` says nothing any more. */
function plannedEnd({ plan, request }: InterruptedRevert, target: Snapshot, { vm }: Facts): EndState {
  if (plan.steps.at(-1)?.kind === 'power') {
    return 'off';
  }
  const to = plan.steps.find((step) => step.kind === 'revert')?.to;
  return to === 'running' || to === 'paused'
    ? to
    : endOf(request.after === 'asBefore' ? 'asSnapshot' : request.after, target, vm.power);
}

function revertAgain(
  broken: InterruptedRevert,
  target: Snapshot | undefined,
  keeps: 'present' | 'nothing',
  facts: Facts,
): Recovery {
  const { request } = broken;
  const after = target === undefined ? request.after : plannedEnd(broken, target, facts);
  const fresh = planRevert({ ...request, after, checkpointFirst: keeps === 'present' }, facts);
  return fresh.kind === 'refusal'
    ? explain(
        broken,
        fresh.refusal,
        broken.plan.steps.filter((step) => step.kind === 'revert'),
        facts,
      )
    : goOn(broken, fresh.steps, 'after');
}

function leaveFrozenFiles(
  broken: InterruptedRevert,
  snapshot: Snapshot,
  end: EndState,
  why: Parameters<typeof explain>[1],
  facts: Facts,
): Recovery {
  const way = planEmulatedRevert({ snapshot, end, vm: broken.request.vm, why, stop: 'first' }, facts);
  if (way.kind === 'way') {
    // Whatever ran on these files since has changed them under the RAM.
    const { power, powerReason } = facts.vm;
    const fits = (power === 'paused' && powerReason === 'fromSnapshot') || isAsItFroze(broken.plan, snapshot, facts);
    return fits || way.steps.every((step) => step.kind !== 'restoreMemory')
      ? goOn(broken, way.steps, 'after')
      : explain(broken, why, way.steps, facts);
  }
  const stop: readonly Step[] = isActive(facts.vm.power) ? [{ kind: 'power', action: 'forceOff' }] : [];
  const { snapshot: name } = broken.request;
  return explain(broken, way.refusal, [...stop, { kind: 'revert', snapshot: name, to: 'asSnapshot' }], facts);
}

function isAsItFroze({ before }: PlannedWork, { name, disks }: Snapshot, facts: Facts): boolean {
  return disks
    .filter(({ location }) => location === 'external')
    .every(({ target }) => isUnwritten(backingFileOf(facts, name, target) ?? '', before.lastWrites, facts));
}

/** libvirt has put the VM on its new overlays, and has not written it down. */
function finishMakeCurrent(broken: InterruptedRevert, target: Snapshot, end: EndState, facts: Facts): Recovery {
  const { vm, tree } = facts;
  const unmarked = { ...facts, tree: { snapshots: tree.snapshots } };
  const made = planMakeCurrent(broken.request.vm, target.name, unmarked);
  if (made.kind === 'refusal') {
    return explain(broken, made.refusal, [{ kind: 'makeCurrent', snapshot: target.name }], facts);
  }
  const loaded = vm.power === 'paused' && vm.powerReason === 'fromSnapshot';
  const power: readonly Step[] =
    !loaded || end === 'paused' ? [] : [{ kind: 'power', action: end === 'off' ? 'forceOff' : 'resume' }];
  return goOn(broken, [...made.steps, ...power], 'after');
}

/** On a file that the VM did not have before, right above what the target froze. */
function standsAbove({ plan }: InterruptedRevert, target: Snapshot, facts: Facts): boolean {
  const checkpoint = plan.steps.find((step) => step.kind === 'createSnapshot' && step.auto === 'revert');
  const kept = checkpoint?.kind === 'createSnapshot' ? checkpoint.disks : [];
  const left = new Set([...plan.before.disks, ...kept].map(({ file }) => file));
  const targets = target.disks.filter(({ location }) => location === 'external').map((disk) => disk.target);
  return (
    targets.length > 0 &&
    targets.every((name) => {
      const disk = facts.vm.disks.find((one) => one.target === name);
      const frozen = backingFileOf(facts, target.name, name);
      const chain = disk === undefined ? [] : wholeChain(disk, facts);
      return frozen !== undefined && chain[1] === frozen && !left.has(chain[0]);
    })
  );
}
