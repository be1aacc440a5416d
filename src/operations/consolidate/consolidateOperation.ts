// The chains below a VM's disks get shorter.
import { partsOf, recoverSeries } from '../delete/recoverSeries.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { factsOfAll, filesOfSnapshots, presentFiles, savedRamOf, withMergedImages } from '../requiredFacts.js';
import { planConsolidate } from './planConsolidate.js';
import { recoverCommit } from './recoverCommit.js';

export const consolidateOperation: OperationDefinition<'consolidate'> = {
  plan: planConsolidate,
  recover: (interrupted, facts) =>
    partsOf(interrupted.plan.steps).length > 0 ? recoverSeries(interrupted, facts) : recoverCommit(interrupted, facts),
  requiredFacts: (_, known) => ({ ...factsOfAll(known), savedRam: known.tree.snapshots.flatMap(savedRamOf) }),
  requiredFiles: (_, facts) => {
    const { vm, tree } = facts;
    const present = presentFiles(facts);
    const below = vm.disks.flatMap(({ backing = [] }) => backing);
    const names = tree.snapshots.map(({ name }) => name);
    return withMergedImages(filesOfSnapshots(names, [...present, ...below], [], facts), facts);
  },
  refusesPaths: () => 'unclear',
  mindsCheckpoints: () => true,
};
