// A new VM is made of one, or of a restore point of it.
import { findSnapshot } from '../../domain/snapshotTree.js';
import { nvramCopy } from '../../domain/chains/nvramCopy.js';
import type { OperationDefinition } from '../operationDefinition.js';
import {
  factsOfAll,
  filesOfSnapshots,
  hardwareSince,
  presentFiles,
  savedRamOf,
  variablesOf,
} from '../requiredFacts.js';
import { planClone } from './planClone.js';
import { recoverClone } from './recoverClone.js';

export const cloneOperation: OperationDefinition<'clone'> = {
  plan: planClone,
  recover: recoverClone,
  requiredFacts: ({ snapshot, ram, clone }, known) => ({
    ...factsOfAll(known),
    ...(snapshot === undefined ? { hardware: hardwareSince(known) } : {}),
    made: clone.uuid,
    ...(ram === undefined ? {} : { savedRam: savedRamOf(findSnapshot(known.tree, snapshot ?? '')) }),
  }),
  requiredFiles: ({ snapshot, ram }, facts) => {
    const { nvram } = facts.vm;
    const copies = nvram === undefined || snapshot === undefined ? [] : [nvramCopy(nvram, snapshot)];
    const named = snapshot !== undefined && findSnapshot(facts.tree, snapshot) !== undefined ? [snapshot] : [];
    const stoodOn = named.flatMap((name) => facts.frozenDisks?.get(name) ?? []).flatMap(({ source }) => source ?? []);
    const changes = [
      ...(ram === undefined ? [] : savedRamOf(findSnapshot(facts.tree, snapshot ?? ''))),
      ...(snapshot === undefined ? presentFiles(facts) : stoodOn).filter((path) => path.startsWith('/')),
    ];
    return { ...filesOfSnapshots(named, presentFiles(facts), [...variablesOf(facts), ...copies], facts), changes };
  },
  refusesPaths: () => 'unclear',
  mindsCheckpoints: ({ way, snapshot }) => way === 'linked' && snapshot === undefined,
};
