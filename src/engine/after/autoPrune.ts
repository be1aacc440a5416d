// Deletes the oldest of the checkpoints that reverts took, or that settings want, beyond the number to be kept, and
// leaves of the layout that no layout needs any more. Refuses to delete anything that a person made, or that anything
// rests on.
import type { Log } from '../../base/log.js';
import type { AutoReason } from '../../domain/description.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { AutoSnapshot, Facts } from '../../domain/facts.js';
import type { PlannedWork } from '../../operations/plan.js';
import { losesNothingBut } from '../../operations/decide/losesNothingBut.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { isOnActivePath, leavesFirst, outsideTrash } from '../../domain/snapshotTree.js';
import type { VmRef } from '../../domain/vm.js';
import { asFailure } from '../../domain/asFailure.js';
import { trustedRecords } from './autoSnapshots.js';

/** The sorts of which only the newest are kept. */
export type PrunedReason = Extract<AutoReason, 'revert' | 'work'>;

/**
 * Oldest first. The newest is what a revert can be undone with, so one is kept at least; what the VM stands on stays.
 *
 * | automatic snapshot | → |
 * |--------------------|---|
 * | what one of the next undos or redos goes back to, see `neededByUndo` | stays |
 * | of the sort, older than the `keep` newest of it, not current | goes |
 * | of the other sort  | stays, and counts for none of the newest |
 * | left by an operation that broke off, or made by a recovery | stays, and counts for none of the newest |
 * | of the layout: see `doomedLayouts`; current, one of the newest, marked to be kept | stays |
 */
export function doomedCheckpoints(
  tree: SnapshotTree,
  records: readonly AutoSnapshot[],
  keep: number,
  kept: readonly string[] = [],
  sort: PrunedReason = 'revert',
): readonly AutoSnapshot[] {
  const checkpoints = trustedRecords(tree, records).filter(({ why, stays }) => why === sort && stays !== true);
  return checkpoints
    .slice(0, -Math.max(1, Math.floor(keep)))
    .filter(({ name }) => name !== tree.current && !kept.includes(name));
}

/**
 * Children first. A leaf that holds the layout is for the branch that the VM runs on. When the VM is elsewhere, its
 * parent is the place to go back to, and the leaf a second way to the same bytes: nothing was written to what it froze.
 *
 * | leaf of the layout                          | → |
 * |---------------------------------------------|---|
 * | the VM runs on it, or on what is above it   | stays |
 * | something above it stays                    | stays: that rests on its files |
 * | marked to be kept                           | stays |
 * | made by a recovery, or left by an operation that broke off | stays |
 * | otherwise                                   | goes, if its files prove to be empty |
 */
export function doomedLayouts(
  tree: SnapshotTree,
  records: readonly AutoSnapshot[],
  going: readonly string[],
  kept: readonly string[] = [],
): readonly AutoSnapshot[] {
  const layouts = trustedRecords(tree, records).filter(
    ({ name, why, stays }) => why === 'layout' && stays !== true && !isOnActivePath(tree, name) && !kept.includes(name),
  );
  return leavesFirst(tree, layouts, going);
}

interface PruneFacts {
  readonly tree: SnapshotTree;
  readonly records: readonly AutoSnapshot[];
  /** Names of those that somebody wants to keep. */
  readonly kept: readonly string[];
}

export interface Rule {
  /**
   * The reason of the snapshot that was just taken. Leaves of the layout are looked at after a revert alone: only that
   * leaves one behind.
   */
  readonly sort: PrunedReason;
  /** Absent: no checkpoint goes now. */
  readonly keep?: number;
}

interface PruneWish extends Rule {
  readonly vm: VmRef;
  readonly seen: PruneFacts;
  /** Names of what lies in the trash now: see `outsideTrash`. */
  readonly trashed: () => Promise<readonly string[]>;
  /** Names of those that an undo goes back to. */
  readonly needed: () => Promise<ReadonlySet<string>>;
  readonly log: Log;
  readonly remove: (
    request: OperationRequest,
    allows: (plan: PlannedWork, facts: Facts) => Promise<boolean>,
  ) => Promise<unknown>;
}

/**
 * One that cannot be deleted stays, and the next time tries again; nobody asked for it, so nobody is told. Each is
 * looked at again in the turn of its own delete: what was asked for meanwhile came first, and may have gone back to it,
 * or marked it.
 */
export async function prune({ vm, seen, trashed, needed, log, remove, ...rule }: PruneWish): Promise<void> {
  for (const { name, why } of snapshotsToPrune(seen, rule, await trashed())) {
    const loses = losesNothingBut(name, why);
    const allows = async (plan: PlannedWork, facts: Facts): Promise<boolean> => {
      const { tree, autoSnapshots: records, kept } = facts;
      return (
        !(await needed()).has(name) &&
        records !== undefined &&
        kept !== undefined &&
        snapshotsToPrune({ tree, records, kept }, rule, await trashed()).some((still) => still.name === name) &&
        loses(plan, facts)
      );
    };
    try {
      await remove({ kind: 'delete', vm, snapshot: name, scope: 'one' }, allows);
    } catch (error) {
      const { line } = asFailure(error);
      log.info(`${name}, which we took unasked, stays: ${line}`);
    }
  }
}

function snapshotsToPrune(
  { tree, records: all, kept }: PruneFacts,
  { sort, keep }: Rule,
  trash: readonly string[],
): readonly AutoSnapshot[] {
  const there = new Set(outsideTrash(tree, trash).map(({ name }) => name));
  const records = all.filter(({ name }) => there.has(name));
  const checkpoints = keep === undefined ? [] : doomedCheckpoints(tree, records, keep, kept, sort);
  const going = checkpoints.map(({ name }) => name);
  return [...checkpoints, ...(sort === 'revert' ? doomedLayouts(tree, records, going, kept) : [])];
}
