// Decides how several snapshots go by a rule: each by itself, what cannot go safely stays. Knows no rule.
import type { OperationRequest } from '../../domain/operation.js';
import type { Decision } from '../plan.js';
import type { Situation } from '../../domain/situation.js';
import { refuse } from '../../domain/refusal.js';
import { currentOf, findSnapshot } from '../../domain/snapshotTree.js';
import { type DeleteSeries, deleteSeries, seriesPlan } from '../delete/deleteSeries.js';
import { accessObstacle } from '../obstacles.js';

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
export function planPrune({ vm: ref, ...request }: PruneRequest, situation: Situation): Decision {
  const { vm, tree } = situation;
  const there = request.snapshots.filter((name) => findSnapshot(tree, name) !== undefined);
  return (
    accessObstacle(situation, 'delete') ??
    seriesPlan(
      { ...request, vm: ref },
      withoutCurrent(ref, there, situation),
      refuse('snapshotMissing', { vm: vm.name, snapshot: request.snapshots[0] ?? '' }),
    )
  );
}

function withoutCurrent(ref: PruneRequest['vm'], names: readonly string[], situation: Situation): DeleteSeries {
  const current = currentOf(situation.tree);
  const series = deleteSeries(
    ref,
    names.filter((name) => name !== current?.name),
    situation,
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
