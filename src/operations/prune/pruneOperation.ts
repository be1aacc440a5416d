// Snapshots go by a rule.
import { recoverSeries } from '../delete/recoverSeries.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { factsOfDeleted, filesOfDeleted } from '../requiredFacts.js';
import { planPrune } from './planPrune.js';

export const pruneOperation: OperationDefinition<'prune'> = {
  plan: planPrune,
  recover: recoverSeries,
  requiredFacts: ({ snapshots }, known) => factsOfDeleted(snapshots, known),
  requiredFiles: ({ snapshots }, facts) => filesOfDeleted(snapshots, facts),
  refusesPaths: () => 'unclear',
  mindsCheckpoints: () => true,
};
