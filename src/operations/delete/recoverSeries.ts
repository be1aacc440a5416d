// The end of a series of deletes that broke off: the one that was begun comes to its end as it would alone; those after
// it are not begun, for the stop of the series may have been intended.
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import type { RecoveryState } from '../../domain/recoveryReport.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { isDelete, mergeBefore } from './deleteSteps.js';
import { recoverDelete } from './recoverDelete.js';

interface SeriesPart {
  readonly snapshot: string;
  /** Indexes of its steps in the plan of the series. */
  readonly first: number;
  readonly last: number;
}

/**
 * | the part that was begun last | → |
 * |------------------------------|---|
 * | none was begun               | before |
 * | is done                      | nothing; after if it was the last part, else partly |
 * | is not done                  | see recoverDelete, for it alone |
 */
export function recoverSeries(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const { plan, begun, done } = interrupted;
  const parts = partsOf(plan.steps);
  const part = parts.findLast(({ first, last }) =>
    [...begun, ...done].some((index) => index >= first && index <= last),
  );
  if (part === undefined) {
    return { kind: 'settled', to: 'before' };
  }
  const recovery = recoverDelete(singleDeleteOf(interrupted, part), facts);
  if (recovery.kind === 'explain') {
    return recovery;
  }
  const gone = parts.filter(
    ({ snapshot }) =>
      findSnapshot(facts.tree, snapshot) === undefined || (snapshot === part.snapshot && recovery.to === 'after'),
  );
  const to: RecoveryState =
    recovery.to === 'partly'
      ? 'partly'
      : gone.length === 0
        ? 'before'
        : gone.length === parts.length
          ? 'after'
          : 'partly';
  return { ...recovery, to };
}

/** The steps up to a delete that prepare it, the delete, and what is removed behind it. */
export function partsOf(steps: readonly Step[]): readonly SeriesPart[] {
  const parts: SeriesPart[] = [];
  let first = 0;
  for (const [index, step] of steps.entries()) {
    if (!isDelete(step)) {
      continue;
    }
    const before = steps[index - 1];
    const isNamed = index > first && before?.kind === 'makeCurrent' && before.snapshot === step.snapshot;
    const start = mergeBefore(steps, index) ?? (isNamed ? index - 1 : index);
    const previous = parts.at(-1);
    if (previous !== undefined) {
      parts[parts.length - 1] = { ...previous, last: start - 1 };
    }
    parts.push({ snapshot: step.snapshot, first: start, last: steps.length - 1 });
    first = index + 1;
  }
  return parts;
}

type InterruptedDelete = Parameters<typeof recoverDelete>[0];

function singleDeleteOf(interrupted: InterruptedOperation, { snapshot, first, last }: SeriesPart): InterruptedDelete {
  const { plan, begun, done } = interrupted;
  const { vm } = interrupted.request;
  const request = { kind: 'delete', vm, snapshot, scope: 'one' } as const;
  const indexesWithin = (indexes: readonly number[]): readonly number[] =>
    indexes.filter((index) => index >= first && index <= last).map((index) => index - first);
  return {
    ...interrupted,
    request,
    plan: { ...plan, request, deletes: [snapshot], steps: plan.steps.slice(first, last + 1) },
    begun: indexesWithin(begun),
    done: indexesWithin(done),
  };
}
