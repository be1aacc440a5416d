// A VM goes back to a snapshot.
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

export const revertOperation: OperationDefinition<'revert'> = {
  plan: planRevert,
  recover: (interrupted, facts) =>
    interrupted.plan.steps.some(({ kind }) => kind === 'revert')
      ? recoverNativeRevert(interrupted, facts)
      : recoverEmulatedRevert(interrupted, facts),
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
    return { ...filesOfSnapshots([snapshot], presentFiles(facts), variables, facts), changes: variables };
  },
  refusesPaths: () => 'unclear',
  mindsCheckpoints: () => true,
  needsName: () => true,
};
