// A VM goes back to a snapshot.
import { overlaysRemovedByLibvirt } from './planNativeRevert.js';
import type { Facts } from '../../domain/facts.js';
import { filesToStart } from '../startRefusal.js';
import { stateFiles, stateThen } from '../../domain/chains/stateCopies.js';
import { isActive } from '../../domain/vm.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import type { OperationDefinition } from '../operationDefinition.js';
import {
  factsOfAll,
  factsOfRam,
  filesOfSnapshots,
  hardwareSince,
  hasExternal,
  presentFiles,
  savedRamOf,
} from '../requiredFacts.js';
import { asksForSeamless } from '../create/seamlessness.js';
import { planRevert } from './planRevert.js';
import { recoverEmulatedRevert } from './recoverEmulatedRevert.js';
import { recoverNativeRevert } from './recoverNativeRevert.js';
import { goOn } from '../interruptedStep.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { standsExactlyOn, useOfAbandoned, useOfOverlays } from '../matchesPlan.js';

type InterruptedRevert = InterruptedOperation & {
  readonly request: Extract<InterruptedOperation['request'], { kind: 'revert' }>;
};

/**
 * | the current state                                      | saved first            | → |
 * |--------------------------------------------------------|------------------------|---|
 * | somebody may have used it since                        | any                    | undefined |
 * | the VM is off on its old disks, of which nothing is known to have changed | nothing | before: what was to be lost is lost |
 * | any other                                              | nothing, or it is gone | undefined |
 * | any other                                              | its checkpoint, or the one that had the same | reverted to it, and on, off or paused as before |
 */
function returnFromRevert({ request, plan, ...broken }: InterruptedRevert, facts: Facts): Recovery | undefined {
  const interrupted = { ...broken, request, plan };
  const { before, checkpoint, spared } = plan;
  const { vm, tree } = facts;
  if (!isAsLeft(interrupted, facts)) {
    return undefined;
  }
  const kept = findSnapshot(tree, checkpoint ?? spared ?? '');
  const files = before.disks.flatMap(({ target, file }) => (file === undefined ? [] : [{ target, file }]));
  const isOutside = findSnapshot(tree, request.snapshot)?.style === 'external';
  if (kept === undefined) {
    const stands = vm.power === 'off' && isOutside && checkpoint === undefined && standsExactlyOn(files, facts);
    return stands ? { kind: 'settled', to: 'before' } : undefined;
  }
  const { power } = before;
  // RAM in the checkpoint of a VM that was off was in a managed save: off would throw it away.
  const off = checkpoint !== undefined && kept.kind === 'memory' ? 'asSnapshot' : 'off';
  const after = power === 'running' || power === 'paused' ? power : off;
  const way = planRevert({ kind: 'revert', vm: request.vm, snapshot: kept.name, after }, facts);
  return way.kind === 'refusal' ? undefined : goOn(interrupted, way.steps, 'before');
}

/** RAM that was just loaded, and that nobody let run, is in the snapshot. */
function isAsLeft({ plan }: InterruptedRevert, facts: Facts): boolean {
  const { vm } = facts;
  if (isActive(vm.power)) {
    return vm.power === 'paused' && vm.powerReason === 'fromSnapshot';
  }
  const own = plan.steps.find((step) => step.kind === 'defineFromSnapshot')?.disks ?? [];
  const leaf = plan.steps.find((step) => step.kind === 'createSnapshot' && step.auto === 'layout');
  const above = leaf?.kind === 'createSnapshot' ? leaf.disks : [];
  const final = own.map(({ target, file }) => ({
    target,
    file: above.find((disk) => disk.target === target)?.file ?? file,
  }));
  const isUnused = [own, final].some((files) => files.length > 0 && useOfOverlays(files, facts) === 'untouched');
  return isUnused || useOfAbandoned(plan, facts) !== 'used';
}

/** Where libvirt has no revert to it: beside these we make overlays, so libvirt has to see them too. */
function filesToStandOn(name: string, { tree, capabilities, frozenDisks }: Facts): readonly string[] {
  const target = findSnapshot(tree, name);
  return target?.style === 'external' && !capabilities.externalRevert
    ? (frozenDisks?.get(name) ?? []).flatMap(({ source }) => (source?.startsWith('/') === true ? [source] : []))
    : [];
}

export const revertOperation: OperationDefinition<'revert'> = {
  plan: planRevert,
  recover: (interrupted, facts) =>
    interrupted.plan.steps.some(({ kind }) => kind === 'revert')
      ? recoverNativeRevert(interrupted, facts)
      : recoverEmulatedRevert(interrupted, facts),
  turnBack: returnFromRevert,
  requiredFacts: ({ snapshot, checkpointFirst, seamless }, known) => {
    const { vm, tree } = known;
    const target = findSnapshot(tree, snapshot);
    return {
      ...factsOfAll(known),
      ...(hasExternal(tree) ? {} : { frozenDisks: target === undefined ? [] : [snapshot] }),
      agent: isActive(vm.power) && vm.agentChannel,
      savedRam: savedRamOf(target),
      ...(checkpointFirst === true ? factsOfRam(known) : {}),
      hardware: hardwareSince(known, snapshot),
      startNeeds: target === undefined ? [] : [snapshot],
      configured: isActive(vm.power) && vm.persistent,
      ...(checkpointFirst === true && seamless === true
        ? asksForSeamless({ seamless, snapshotKind: 'memory' }, known)
        : {}),
    };
  },
  requiredFiles: ({ snapshot }, facts) => {
    const { vm } = facts;
    const then = stateThen(vm, findSnapshot(facts.tree, snapshot));
    const variables = [...new Set([...stateFiles(vm), ...stateFiles(then)])];
    const changes = [...variables, ...filesToStandOn(snapshot, facts)];
    const files = [...variables, ...filesToStart(snapshot, facts)];
    const present = [...presentFiles(facts), ...overlaysRemovedByLibvirt(facts)];
    return { ...filesOfSnapshots([snapshot], present, files, facts), changes };
  },
  refusesPaths: () => 'unclear',
  mindsCheckpoints: () => true,
};
