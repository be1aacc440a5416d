// Decides how a snapshot gets another title or description. Its name stays: a tag inside an image cannot be renamed,
// and redefining the current external snapshot under another name makes later reverts remove the wrong file.
import { checkpointRefusal } from '../diskRefusals.js';
import { longestDescription, writeDescription } from '../../domain/description.js';
import { snapshotFor } from '../refusals.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import { displayLine } from '../../domain/plainText.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { titleProblem } from '../../domain/snapshotName.js';

type DescribeRequest = Extract<OperationRequest, { kind: 'describe' }>;

/**
 * | title                       | → |
 * |-----------------------------|---|
 * | empty, or the name itself   | no title of its own: the name is shown |
 * | that of another snapshot    | nameTaken |
 * | too long, control character | badName |
 * | other                       | a `Title:` trailer |
 */
export function planDescribe(request: DescribeRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { tree } = facts;
  const snapshot = snapshotFor('describe', request.snapshot, facts);
  if ('refusal' in snapshot) {
    return snapshot;
  }
  const obstacle = checkpointRefusal(facts, 'changed');
  if (obstacle !== undefined) {
    return obstacle;
  }
  const title = request.title.trim();
  const others = tree.snapshots.filter(({ name }) => name !== snapshot.name);
  const problem = titleProblem(request.title, others);
  if (problem === 'taken') {
    return refuse('nameTaken', { title: displayLine(title) });
  }
  if (problem !== undefined && problem !== 'empty') {
    return refuse('badName', { title: displayLine(title), problem });
  }
  if (request.description.length > longestDescription) {
    return refuse('badName', { title: displayLine(title), problem: 'descriptionTooLong' });
  }
  const ownTitle = title === snapshot.name ? '' : title;
  const description = writeDescription(request.description, { ...trailersToKeep(snapshot), title: ownTitle });
  return {
    kind: 'plan',
    request,
    steps: [{ kind: 'describeSnapshot', snapshot: snapshot.name, description }],
    losses: [],
    warnings: [],
    progress: 'timeOnly',
    estimateMs: 100,
    snapshot: snapshot.name,
  };
}

/** A checkpoint that a person put a word on is theirs from then on, and not to be tidied away. */
export function trailersToKeep({ trailers }: Snapshot): Snapshot['trailers'] {
  const { auto, ...others } = trailers;
  return auto === undefined || auto === 'revert' || auto === 'work' ? others : { ...others, auto };
}
