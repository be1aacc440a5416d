// Which snapshots a person wants gone, by a rule over ages and numbers. What may not go at all is decided elsewhere.
import type { Snapshot, SnapshotTree } from '../model/snapshot.js';
import { sortSnapshots } from '../model/snapshotTree.js';

/** What both parts name goes. */
export interface PruneRule {
  /** Absent: of any age. */
  readonly olderThanSeconds?: number;
  /** How many of the newest stay; absent: none because of this. */
  readonly keepLast?: number;
}

/**
 * @param now seconds since 1970
 *
 * Oldest first. That the current one and those marked as to be kept stay all the same is said by the plan.
 *
 * | snapshot                                       | → |
 * |------------------------------------------------|---|
 * | one of the `keepLast` newest                   | stays |
 * | not older than `olderThanSeconds`, or its time is to come | stays |
 * | otherwise                                      | chosen |
 */
export function chosenByRule(
  { olderThanSeconds = 0, keepLast = 0 }: PruneRule,
  tree: SnapshotTree,
  now: number,
): readonly Snapshot[] {
  return sortSnapshots(tree, 'time')
    .toReversed()
    .slice(Math.max(0, Math.floor(keepLast)))
    .filter(({ createdAt }) => now - createdAt >= Math.max(0, olderThanSeconds))
    .toReversed();
}
