// A VM goes back to a snapshot.
import type { Facts } from '../../domain/facts.js';
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
  variablesOf,
} from '../requiredFacts.js';
import { asksForSeamless } from '../create/seamlessness.js';
import { planRevert } from './planRevert.js';
import { recoverEmulatedRevert } from './recoverEmulatedRevert.js';
import { recoverNativeRevert } from './recoverNativeRevert.js';
import { returnFromRevert } from './returnFromRevert.js';

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
      configured: isActive(vm.power) && vm.persistent,
      ...(checkpointFirst === true && seamless === true
        ? asksForSeamless({ seamless, snapshotKind: 'memory' }, known)
        : {}),
    };
  },
  requiredFiles: ({ snapshot }, facts) => {
    const variables = variablesOf(facts);
    const changes = [...variables, ...filesToStandOn(snapshot, facts)];
    return { ...filesOfSnapshots([snapshot], presentFiles(facts), variables, facts), changes };
  },
  refusesPaths: () => 'unclear',
  mindsCheckpoints: () => true,
};
