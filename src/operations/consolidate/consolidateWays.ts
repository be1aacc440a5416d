// The ways in which the chains of a VM can be made shorter, for the person who chooses one.
import type { OperationRequest } from '../../domain/operation.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { activePath } from '../../domain/snapshotTree.js';

export type ConsolidateWay = Pick<Extract<OperationRequest, { kind: 'consolidate' }>, 'downTo' | 'targets'>;

/** More than a person chooses among. */
const mostWays = 30;

/**
 * The usual one first: the smallest that helps.
 *
 * | external snapshots on the way to the current state | usual                                           | others |
 * |----------------------------------------------|-------------------------------------------------|--------|
 * | some, and one of them is kept                | down to the newest that is kept and has others above it | down to each other one; as far as it goes |
 * | some, none is kept                           | as far as it goes                               | down to each of them |
 * | none                                         | as far as it goes                               | each disk by itself, where there are several |
 *
 * @param disks targets of the disks that have layers, or may have
 */
export function consolidateWays(
  tree: SnapshotTree,
  kept: readonly string[],
  disks: readonly string[],
): readonly [ConsolidateWay, ...ConsolidateWay[]] {
  const path = activePath(tree);
  const stays = path
    .filter((_, at) => path.slice(at + 1).some(({ style }) => style === 'external'))
    .map(({ name }) => name)
    .toReversed();
  if (path.every(({ style }) => style !== 'external')) {
    return [{}, ...(disks.length < 2 ? [] : disks.slice(0, mostWays).map((target) => ({ targets: [target] })))];
  }
  const usual = stays.find((name) => kept.includes(name));
  const down = stays
    .filter((name) => name !== usual)
    .slice(0, mostWays)
    .map((downTo) => ({ downTo }));
  return usual === undefined ? [{}, ...down] : [{ downTo: usual }, ...down, {}];
}
