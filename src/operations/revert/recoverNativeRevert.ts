// The end of a revert by libvirt that broke off. libvirt stops the VM before most of its work, so where the VM stands
// tells how far it came. Knows no revert of our own but the one that leads off frozen files.
import { brokenAt, explain, goOn, hasBegun, wasBegun } from '../brokenAt.js';
import { frozenFile, wholeChain } from '../../domain/chains/fileUse.js';
import { isUnwritten } from '../../domain/chains/lastWrites.js';
import { frozenFileObstacle } from '../obstacles.js';
import { currentAsLeft, useOfLeft } from '../leftAsPlanned.js';
import { nvramCopy } from '../../domain/chains/nvramCopy.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Plan } from '../plan.js';
import type { Situation } from '../../domain/situation.js';
import type { Step } from '../../steps/step.js';
import { planEmulatedRevert } from './planEmulatedRevert.js';
import { planMakeCurrent } from '../repair/planMetadataRepair.js';
import { type EndState, endOf, planRevert } from './planRevert.js';
import { undoCreate } from '../create/recoverCreate.js';
import type { BrokenOff, Recovery } from '../interrupted.js';
import { refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { isActive } from '../../domain/vm.js';

type Broken = BrokenOff & { readonly request: Extract<OperationRequest, { kind: 'revert' }> };

/**
 * | begun                      | the VM now                              | current          | → |
 * |----------------------------|-----------------------------------------|------------------|---|
 * | checkpoint only            | any                                     | any              | as a create: before |
 * | managed save dropped, or power cut for the UEFI variables | off, or they are put back | any | see `whereItWas` |
 * | the revert                 | paused, or off, on files that the target froze | any       | put on new overlays, by us; explained where RAM would come back and they may have been written to |
 * | the revert                 | running on files that the target froze  | any              | explained: it writes into them |
 * | the revert                 | on overlays of what the target froze    | another          | the target is made current, unless somebody made another so |
 * | the revert                 | any                                     | the target, which it was not before | after; what is left follows |
 * | the revert                 | elsewhere                               | another, or as before | see `whereItWas` |
 */
export function recoverNativeRevert(broken: Broken, situation: Situation): Recovery {
  const { plan, request } = broken;
  const { vm, tree } = situation;
  const reverting = plan.steps.findIndex((step) => step.kind === 'revert');
  const target = findSnapshot(tree, request.snapshot);
  const reached = broken.done.includes(reverting);
  if (!reached && !hasBegun(broken, ['revert'])) {
    const cut = plan.steps.findIndex((step) => step.kind === 'power' && step.action === 'forceOff');
    const stopped = cut >= 0 && cut < reverting && wasBegun(broken, cut) && vm.power === 'off';
    return wasDropped(broken, situation) || stopped || hasOtherVariables(broken)
      ? whereItWas(broken, target, situation)
      : undoCreate(broken, situation);
  }
  if (target === undefined) {
    return explain(
      broken,
      refuse('snapshotMissing', { vm: vm.name, snapshot: request.snapshot }).refusal,
      [],
      situation,
    );
  }
  const end = endWanted(broken, target, situation);
  if (!reached && target.style === 'external') {
    const frozen = frozenFileObstacle(target, situation);
    if (frozen !== undefined) {
      return vm.power === 'paused' || vm.power === 'off'
        ? offFrozenFiles(broken, target, end, frozen.refusal, situation)
        : explain(broken, frozen.refusal, [{ kind: 'power', action: 'forceOff' }], situation);
    }
  }
  const moved = target.style === 'external' && standsAbove(broken, target, situation);
  if (!reached && moved && tree.current !== target.name) {
    return currentAsLeft(plan, situation)
      ? madeCurrent(broken, target, end, situation)
      : explainUsed(broken, [], situation);
  }
  if (reached || (tree.current === target.name && (moved || !wasCurrent(broken)))) {
    const at = Math.max(brokenAt(broken, situation), reverting + 1);
    return goOn(
      broken,
      plan.steps.slice(at).filter((step) => isStillWanted(step, situation)),
      'after',
    );
  }
  return whereItWas(broken, target, situation);
}

/** RAM that libvirt has just loaded, and that nobody let run, may go: it is in the snapshot. */
function isStillWanted(step: Step, { vm }: Situation): boolean {
  return step.kind !== 'power' || (vm.power === 'paused' && vm.powerReason === 'fromSnapshot');
}

/**
 * The revert did nothing to the VM yet, but what its own steps before it did.
 *
 * | see useOfLeft | a saved RAM was dropped, or UEFI variables put back | the VM ran before | → |
 * |---------------|------------------------------------------------|--------|---|
 * | untouched     | any                                            | any    | reverted |
 * | unknown       | no                                             | no     | before |
 * | unknown       | any other combination                          |        | the present is kept, then reverted |
 * | used          | neither                                        | any    | before |
 * | used          | yes                                            | any    | explained |
 */
function whereItWas(broken: Broken, target: Snapshot | undefined, situation: Situation): Recovery {
  const { plan, request } = broken;
  const dropped = wasDropped(broken, situation);
  const replaced = hasOtherVariables(broken);
  switch (useOfLeft(plan, situation)) {
    case 'untouched':
      return again(broken, target, 'nothing', situation);
    case 'unknown':
      return dropped || replaced || plan.losses.some(({ kind: what }) => what === 'ram')
        ? again(broken, target, 'present', situation)
        : { kind: 'settled', to: 'before' };
    case 'used': {
      const { name } = situation.vm;
      if (replaced) {
        const why = refuse('variablesReplaced', { vm: name, snapshot: target?.title ?? request.snapshot }).refusal;
        return explain(broken, why, variablesBack(plan, situation), situation);
      }
      return dropped ? explainUsed(broken, [], situation) : { kind: 'settled', to: 'before' };
    }
  }
}

/** The checkpoint has a copy of those that the VM had. */
function variablesBack({ checkpoint }: Plan, { vm, tree }: Situation): readonly Step[] {
  if (vm.nvram === undefined || checkpoint === undefined || findSnapshot(tree, checkpoint) === undefined) {
    return [];
  }
  const copy = nvramCopy(vm.nvram, checkpoint);
  const stop: readonly Step[] = isActive(vm.power) ? [{ kind: 'power', action: 'shutDown' }] : [];
  return [...stop, { kind: 'copyFile', from: copy, to: vm.nvram, existing: 'replace' }];
}

function explainUsed(broken: Broken, steps: readonly Step[], situation: Situation): Recovery {
  return explain(broken, refuse('usedSince', { vm: situation.vm.name }).refusal, steps, situation);
}

function wasDropped(broken: Broken, { vm }: Situation): boolean {
  return hasBegun(broken, ['dropManagedSave']) && !vm.managedSave;
}

function hasOtherVariables({ plan, begun, done }: Broken): boolean {
  return plan.steps.some(
    (step, index) =>
      step.kind === 'copyFile' && step.existing === 'replace' && (begun.includes(index) || done.includes(index)),
  );
}

/** Before it, the current one was the checkpoint, or the one since which changes were to be lost. */
function wasCurrent({ plan, request }: Broken): boolean {
  return (
    plan.checkpoint === undefined &&
    (plan.losses.some((loss) => loss.kind === 'diskChanges' && loss.since === request.snapshot) ||
      plan.warnings.some((warning) => warning.kind === 'noCheckpointNeeded' && warning.since === request.snapshot))
  );
}

/** What the plan ends with: the VM is off by now, perhaps, so `asBefore` says nothing any more. */
function endWanted({ plan, request }: Broken, target: Snapshot, { vm }: Situation): EndState {
  if (plan.steps.at(-1)?.kind === 'power') {
    return 'off';
  }
  const to = plan.steps.find((step) => step.kind === 'revert')?.to;
  return to === 'running' || to === 'paused'
    ? to
    : endOf(request.after === 'asBefore' ? 'asSnapshot' : request.after, target, vm.power);
}

function again(
  broken: Broken,
  target: Snapshot | undefined,
  keeps: 'present' | 'nothing',
  situation: Situation,
): Recovery {
  const { request } = broken;
  const after = target === undefined ? request.after : endWanted(broken, target, situation);
  const fresh = planRevert({ ...request, after, checkpointFirst: keeps === 'present' }, situation);
  return fresh.kind === 'refusal'
    ? explain(
        broken,
        fresh.refusal,
        broken.plan.steps.filter((step) => step.kind === 'revert'),
        situation,
      )
    : goOn(broken, fresh.steps, 'after');
}

function offFrozenFiles(
  broken: Broken,
  snapshot: Snapshot,
  end: EndState,
  why: Parameters<typeof explain>[1],
  situation: Situation,
): Recovery {
  const way = planEmulatedRevert({ snapshot, end, vm: broken.request.vm, why, stop: 'first' }, situation);
  if (way.kind === 'way') {
    // Whatever ran on these files since has changed them under the RAM.
    const { power, powerReason } = situation.vm;
    const fits =
      (power === 'paused' && powerReason === 'fromSnapshot') || isAsItFroze(broken.plan, snapshot, situation);
    return fits || way.steps.every((step) => step.kind !== 'restoreMemory')
      ? goOn(broken, way.steps, 'after')
      : explain(broken, why, way.steps, situation);
  }
  const stop: readonly Step[] = isActive(situation.vm.power) ? [{ kind: 'power', action: 'forceOff' }] : [];
  const { snapshot: name } = broken.request;
  return explain(broken, way.refusal, [...stop, { kind: 'revert', snapshot: name, to: 'asSnapshot' }], situation);
}

function isAsItFroze({ fits }: Plan, { name, disks }: Snapshot, situation: Situation): boolean {
  return disks
    .filter(({ location }) => location === 'external')
    .every(({ target }) => isUnwritten(frozenFile(situation, name, target) ?? '', fits, situation));
}

/** libvirt has put the VM on its new overlays, and has not written it down. */
function madeCurrent(broken: Broken, target: Snapshot, end: EndState, situation: Situation): Recovery {
  const { vm, tree } = situation;
  const unmarked = { ...situation, tree: { snapshots: tree.snapshots } };
  const made = planMakeCurrent(broken.request.vm, target.name, unmarked);
  if (made.kind === 'refusal') {
    return explain(broken, made.refusal, [{ kind: 'makeCurrent', snapshot: target.name }], situation);
  }
  const loaded = vm.power === 'paused' && vm.powerReason === 'fromSnapshot';
  const power: readonly Step[] =
    !loaded || end === 'paused' ? [] : [{ kind: 'power', action: end === 'off' ? 'forceOff' : 'resume' }];
  return goOn(broken, [...made.steps, ...power], 'after');
}

/** On a file that the VM did not have before, right above what the target froze. */
function standsAbove({ plan }: Broken, target: Snapshot, situation: Situation): boolean {
  const checkpoint = plan.steps.find((step) => step.kind === 'createSnapshot' && step.auto === 'revert');
  const kept = checkpoint?.kind === 'createSnapshot' ? checkpoint.disks : [];
  const left = new Set([...(plan.leaves ?? []), ...kept].map(({ file }) => file));
  const targets = target.disks.filter(({ location }) => location === 'external').map((disk) => disk.target);
  return (
    targets.length > 0 &&
    targets.every((name) => {
      const disk = situation.vm.disks.find((one) => one.target === name);
      const frozen = frozenFile(situation, target.name, name);
      const chain = disk === undefined ? [] : wholeChain(disk, situation);
      return frozen !== undefined && chain[1] === frozen && !left.has(chain[0]);
    })
  );
}
