// What a revert leaves behind for good. libvirt makes no copy of anything. Knows no steps.
import { frozenFile } from '../../domain/chains/fileUse.js';
import type { Loss } from '../../domain/consequences.js';
import type { Situation } from '../../domain/situation.js';
import { currentOf } from '../../domain/snapshotTree.js';
import { isActive, snapshotableDisks } from '../../domain/vm.js';

/**
 * | VM                    | without a checkpoint                          | unchanged since the current one |
 * |-----------------------|-----------------------------------------------|---------------------------------|
 * | any with disks        | what was written, in bytes where they are known | nothing                       |
 * | active                | its RAM                                       | (it is off)                     |
 * | with a managed save   | the RAM in it                                 | (it has none)                   |
 * | any                   | changes of its configuration                  | changes of its configuration    |
 *
 * A checkpoint holds all of it.
 */
export function revertLosses(situation: Situation, present: 'changed' | 'unchanged'): readonly Loss[] {
  const { vm, tree } = situation;
  if (present === 'unchanged') {
    return [{ kind: 'configuration' }];
  }
  const since = currentOf(tree)?.name;
  const losses: Loss[] = [];
  if (snapshotableDisks(vm).length > 0) {
    const disks = changedBytes(situation);
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
  return [...losses, { kind: 'configuration' }];
}

/** An overlay on what the current snapshot froze holds just the changes; inside an image they cannot be told apart. */
function changedBytes(situation: Situation): readonly { readonly target: string; readonly bytes: number }[] {
  const { vm, tree, files } = situation;
  const current = currentOf(tree);
  return snapshotableDisks(vm).flatMap(({ target, source }) => {
    const facts = source === undefined ? undefined : files?.images.get(source);
    const frozen = current === undefined ? undefined : frozenFile(situation, current.name, target);
    return typeof facts === 'object' && frozen !== undefined && facts.backing?.file === frozen
      ? [{ target, bytes: facts.empty === true ? 0 : facts.allocatedBytes }]
      : [];
  });
}
