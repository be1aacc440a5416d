// Overlays that libvirt took for merged, and that the VM stands on still: QEMU died between the end of the merge and
// its going over to the file below.
import { chainOf } from '../../domain/chains/backingChain.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import type { CommittedDisk } from '../../steps/step.js';
import type { PlannedWork } from '../plan.js';
import type { Facts } from '../../domain/facts.js';

/**
 * | a disk of the VM stands on | a snapshot names it, or froze the file below it | → |
 * |----------------------------|-------------------------------------------------|---|
 * | a file that the plan merges away | no                                        | it is merged once more: that does no harm |
 * | a file that the plan merges away | yes                                       | nothing: that one is to be deleted yet |
 * | anything else, or a chain that is not seen | any                             | nothing |
 *
 * Measured with libvirt 12.8, in one of 40 deletes in which QEMU was killed: it answers that the snapshot is deleted.
 */
export function unfinishedMerges({ merges = [] }: PlannedWork, facts: Facts): readonly CommittedDisk[] {
  const { vm, tree, files } = facts;
  return vm.disks.flatMap(({ target }): readonly CommittedDisk[] => {
    const [top, base] = chainOf(target, facts) ?? [];
    const image = base === undefined ? undefined : files?.images.get(base);
    if (
      top === undefined ||
      base === undefined ||
      merges.every(({ overlay }) => overlay !== top) ||
      typeof image !== 'object'
    ) {
      return [];
    }
    const isOwned = tree.snapshots.some(
      ({ name, disks, revertDisks = [] }) =>
        backingFileOf(facts, name, target) === base || [...disks, ...revertDisks].some(({ file }) => file === top),
    );
    return isOwned ? [] : [{ target, top, base, baseFormat: image.format, merged: [top] }];
  });
}
