// What a revert leaves behind for good. libvirt makes no copy of anything. Knows no steps.
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { isConfiguredAs } from '../create/planCheckpoint.js';
import type { Loss } from '../../domain/consequences.js';
import type { Facts } from '../../domain/facts.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { currentOf } from '../../domain/snapshotTree.js';
import { isActive, snapshotableDisks } from '../../domain/vm.js';

/**
 * | VM                    | without a checkpoint                          | unchanged since the current one |
 * |-----------------------|-----------------------------------------------|---------------------------------|
 * | any with disks        | what was written, in bytes where they are known | nothing                       |
 * | active                | its RAM                                       | (it is off)                     |
 * | with a managed save   | the RAM in it                                 | (it has none)                   |
 * | any                   | changes of its configuration, unless the current snapshot or the target has the same | nothing |
 *
 * A checkpoint holds all of it.
 */
export function revertLosses(snapshot: Snapshot, facts: Facts): readonly Loss[] {
  const { vm, tree } = facts;
  const since = currentOf(tree)?.name;
  const losses: Loss[] = [];
  if (snapshotableDisks(vm).length > 0) {
    const disks = changedBytes(facts);
    losses.push({
      kind: 'diskChanges',
      ...(since === undefined ? {} : { since }),
      ...(disks.length === 0 ? {} : { disks }),
    });
  }
  if (isActive(vm.power)) {
    losses.push({ kind: 'ram' });
  }
  if (vm.managedSave) {
    losses.push({ kind: 'managedSave' });
  }
  const current = currentOf(tree);
  const isHeld = isConfiguredAs(snapshot, facts) || (current !== undefined && isConfiguredAs(current, facts));
  return isHeld ? losses : [...losses, { kind: 'configuration' }];
}

/** An overlay on what the current snapshot froze holds just the changes; inside an image they cannot be told apart. */
function changedBytes(facts: Facts): readonly { readonly target: string; readonly bytes: number }[] {
  const { vm, tree, files } = facts;
  const current = currentOf(tree);
  return snapshotableDisks(vm).flatMap(({ target, source }) => {
    const image = source === undefined ? undefined : files?.images.get(source);
    const frozen = current === undefined ? undefined : backingFileOf(facts, current.name, target);
    return typeof image === 'object' && frozen !== undefined && image.backing?.file === frozen
      ? [{ target, bytes: image.empty === true ? 0 : image.allocatedBytes }]
      : [];
  });
}
