// Several snapshots go by a rule: each by itself, and what cannot go safely stays.
import { recoverSeries } from '../delete/recoverSeries.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { factsOfDeleted, filesOfDeleted } from '../requiredFacts.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { currentOf, findSnapshot } from '../../domain/snapshotTree.js';
import { type DeleteSeries, deleteSeries, seriesPlan } from '../delete/deleteSeries.js';
import { accessRefusal } from '../refusals.js';

type PruneRequest = Extract<OperationRequest, { kind: 'prune' }>;

/**
 * | of the snapshots that it names | → |
 * |--------------------------------|---|
 * | one is not there (any more)    | passed over: it is what was wanted |
 * | none is there                  | snapshotMissing |
 * | one is the current one         | stays: currentStays |
 * | all have to stay               | the refusal of the first |
 * | otherwise                      | those that can go, go; the plan tells of the others |
 */
function planPrune({ vm: ref, ...request }: PruneRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, tree } = facts;
  const there = request.snapshots.filter((name) => findSnapshot(tree, name) !== undefined);
  const decision =
    accessRefusal(facts, 'delete') ??
    seriesPlan(
      { ...request, vm: ref },
      withoutCurrent(ref, there, facts),
      refuse('snapshotMissing', { vm: vm.name, snapshot: request.snapshots[0] ?? '' }),
    );
  // What runs, and what the log tells of, are those that go.
  return decision.kind === 'refusal'
    ? decision
    : { ...decision, request: { ...request, vm: ref, snapshots: decision.deletes ?? [] } };
}

function withoutCurrent(ref: PruneRequest['vm'], names: readonly string[], facts: Facts): DeleteSeries {
  const current = currentOf(facts.tree);
  const series = deleteSeries(
    ref,
    names.filter((name) => name !== current?.name),
    facts,
  );
  return current === undefined || !names.includes(current.name)
    ? series
    : {
        ...series,
        skipped: [
          ...series.skipped,
          { snapshot: current, why: refuse('currentStays', { snapshot: current.title }).refusal },
        ],
      };
}

export const pruneOperation: OperationDefinition<'prune'> = {
  plan: planPrune,
  recover: recoverSeries,
  requiredFacts: ({ snapshots }, known) => factsOfDeleted(snapshots, known),
  requiredFiles: ({ snapshots }, facts) => filesOfDeleted(snapshots, facts),
  refusesPaths: () => 'unclear',
  mindsCheckpoints: () => true,
};
