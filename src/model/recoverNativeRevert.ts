// The end of a revert by libvirt that broke off. libvirt stops the VM before most of its work, so where the VM stands
// tells how far it came. Knows no revert of our own but the one that leads off frozen files.
import { brokenAt, explain, goOn, hasBegun, wasBegun } from './brokenAt.js';
import { frozenFile, wholeChain } from './fileUse.js';
import { frozenFileObstacle } from './obstacles.js';
import type { OperationRequest } from './operation.js';
import type { Situation, Step } from './plan.js';
import { planEmulatedRevert } from './planEmulatedRevert.js';
import { planMakeCurrent } from './planMetadataRepair.js';
import { type EndState, endOf, planRevert } from './planRevert.js';
import { undoCreate } from './recoverCreate.js';
import type { BrokenOff, Recovery } from './recovery.js';
import { refuse } from './refusal.js';
import type { Snapshot } from './snapshot.js';
import { findSnapshot } from './snapshotTree.js';
import { isActive } from './vm.js';

type Broken = BrokenOff & { readonly request: Extract<OperationRequest, { type: 'revert' }> };

/**
 * | begun                      | the VM now                              | current          | → |
 * |----------------------------|-----------------------------------------|------------------|---|
 * | checkpoint only            | any                                     | any              | as a create: before |
 * | managed save dropped, or power cut for the UEFI variables | off      | any              | the revert is done |
 * | the revert                 | paused, or off, on files that the target froze | any       | put on new overlays, by us |
 * | the revert                 | running on files that the target froze  | any              | explained: it writes into them |
 * | the revert                 | on overlays of what the target froze    | another          | the target is made current |
 * | the revert                 | any                                     | the target, which it was not before | after; what is left follows |
 * | the revert                 | active, elsewhere                       | another, or as before | before: libvirt had not begun |
 * | the revert                 | off, elsewhere                          | another, or as before | reverted again |
 */
export function recoverNativeRevert(broken: Broken, situation: Situation): Recovery {
  const { plan, request } = broken;
  const { vm, tree } = situation;
  const reverting = plan.steps.findIndex((step) => step.do === 'revert');
  const target = findSnapshot(tree, request.snapshot);
  const reached = broken.done.includes(reverting);
  if (!reached && !hasBegun(broken, ['revert'])) {
    const dropped = hasBegun(broken, ['dropManagedSave']) && !vm.managedSave;
    const cut = plan.steps.findIndex((step) => step.do === 'power' && step.action === 'forceOff');
    const stopped = cut >= 0 && cut < reverting && wasBegun(broken, cut) && vm.power === 'off';
    return dropped || stopped ? again(broken, target, situation) : undoCreate(broken, situation);
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
        : explain(broken, frozen.refusal, [{ do: 'power', action: 'forceOff' }], situation);
    }
  }
  const moved = target.style === 'external' && standsAbove(broken, target, situation);
  if (!reached && moved && tree.current !== target.name) {
    return madeCurrent(broken, target, end, situation);
  }
  if (reached || (tree.current === target.name && (moved || !wasCurrent(broken)))) {
    const at = Math.max(brokenAt(broken, situation), reverting + 1);
    const rest = plan.steps.slice(at).filter((step) => step.do !== 'power' || isActive(vm.power));
    return goOn(broken, rest, 'after');
  }
  return isActive(vm.power) ? { type: 'settled', to: 'before' } : again(broken, target, situation);
}

/** Before it, the current one was the checkpoint, or the one since which changes were to be lost. */
function wasCurrent({ plan, request }: Broken): boolean {
  return (
    plan.checkpoint === undefined &&
    (plan.losses.some((loss) => loss.what === 'diskChanges' && loss.since === request.snapshot) ||
      plan.warnings.some((warning) => warning.about === 'noCheckpointNeeded' && warning.since === request.snapshot))
  );
}

/** What the plan ends with: the VM is off by now, perhaps, so `asBefore` says nothing any more. */
function endWanted({ plan, request }: Broken, target: Snapshot, { vm }: Situation): EndState {
  if (plan.steps.at(-1)?.do === 'power') {
    return 'off';
  }
  const to = plan.steps.find((step) => step.do === 'revert')?.to;
  return to === 'running' || to === 'paused'
    ? to
    : endOf(request.after === 'asBefore' ? 'asSnapshot' : request.after, target, vm.power);
}

function again(broken: Broken, target: Snapshot | undefined, situation: Situation): Recovery {
  const { request } = broken;
  const after = target === undefined ? request.after : endWanted(broken, target, situation);
  const fresh = planRevert({ ...request, after, checkpointFirst: false }, situation);
  return fresh.type === 'refusal'
    ? explain(
        broken,
        fresh.refusal,
        broken.plan.steps.filter((step) => step.do === 'revert'),
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
  if (way.type === 'way') {
    return goOn(broken, way.steps, 'after');
  }
  const stop: readonly Step[] = isActive(situation.vm.power) ? [{ do: 'power', action: 'forceOff' }] : [];
  const { snapshot: name } = broken.request;
  return explain(broken, way.refusal, [...stop, { do: 'revert', snapshot: name, to: 'asSnapshot' }], situation);
}

/** libvirt has put the VM on its new overlays, and has not written it down. */
function madeCurrent(broken: Broken, target: Snapshot, end: EndState, situation: Situation): Recovery {
  const { vm, tree } = situation;
  const unmarked = { ...situation, tree: { snapshots: tree.snapshots } };
  const made = planMakeCurrent(broken.request.vm, target.name, unmarked);
  if (made.type === 'refusal') {
    return explain(broken, made.refusal, [{ do: 'makeCurrent', snapshot: target.name }], situation);
  }
  const power: readonly Step[] =
    end === 'off'
      ? isActive(vm.power)
        ? [{ do: 'power', action: 'forceOff' }]
        : []
      : end === 'running' && vm.power === 'paused'
        ? [{ do: 'power', action: 'resume' }]
        : [];
  return goOn(broken, [...made.steps, ...power], 'after');
}

/** On a file that the VM did not have before, right above what the target froze. */
function standsAbove({ plan }: Broken, target: Snapshot, situation: Situation): boolean {
  const checkpoint = plan.steps.find((step) => step.do === 'createSnapshot' && step.auto === 'revert');
  const kept = checkpoint?.do === 'createSnapshot' ? checkpoint.disks : [];
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
