// Which snapshots a person wants gone, by a rule over ages and numbers. What may not go at all is decided elsewhere.
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { doubtfulTimes } from '../../domain/snapshotTime.js';
import { outsideTrash, sortSnapshots } from '../../domain/snapshotTree.js';

/** What both parts name goes. */
export interface PruneRule {
  /** Absent: of any age. */
  readonly olderThanMs?: number;
  /** How many of the newest stay; absent: none because of this. */
  readonly keepLast?: number;
}

/**
 * @param trash names of what lies there
 * @param now milliseconds since 1970
 *
 * Oldest first. That the current one and those marked as to be kept stay all the same is said by the plan.
 *
 * | snapshot                                       | → |
 * |------------------------------------------------|---|
 * | it lies in the trash                           | stays, and is not one of the newest |
 * | any, and the rule names neither age nor number | chosen |
 * | its time cannot be right (`doubtfulTimes`)     | stays, and is not one of the newest |
 * | one of the `keepLast` newest                   | stays |
 * | not older than `olderThanMs`                   | stays |
 * | otherwise                                      | chosen |
 */
export function chosenByRule(
  { olderThanMs, keepLast }: PruneRule,
  tree: SnapshotTree,
  trash: readonly string[],
  now: number,
): readonly Snapshot[] {
  const there = new Set(outsideTrash(tree, trash));
  const byTime = sortSnapshots(tree, 'time').filter((one) => there.has(one));
  if (olderThanMs === undefined && keepLast === undefined) {
    return byTime;
  }
  const doubtful = doubtfulTimes(tree, now);
  const timed = byTime.filter(({ name }) => !doubtful.has(name));
  return timed
    .slice(0, Math.max(0, timed.length - Math.max(0, Math.floor(keepLast ?? 0))))
    .filter(({ createdAt }) => now - createdAt >= Math.max(0, olderThanMs ?? 0));
}
