// What a plan would leave without its base. While a VM is on, libvirt and QEMU move nothing but the chain that it runs
// on; a VM that was defined on an older layer runs beside the overlay with what came after.
import { wholeChain } from '../../domain/chains/backingChain.js';
import { externalTargets } from '../../domain/chains/deletedFiles.js';
import { imageOf, overlayOf } from '../../domain/chains/frozenContent.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { isActive } from '../../domain/vm.js';
import type { Step } from '../../steps/step.js';
import { applyAll, layersUsedBy } from '../../steps/steps.js';

/**
 * | an overlay of a snapshot that stays                     | → |
 * |---------------------------------------------------------|---|
 * | the VM runs on it, or a snapshot's frozen disk is on it | ok: the rules about branches see to it |
 * | it goes too, or was not seen                            | ok |
 * | otherwise, on a layer that is given up                  | usedByImage |
 */
export function overlayLeftRefusal(steps: readonly Step[], facts: Facts): RefusedDecision | undefined {
  const { vm } = facts;
  const beside = isActive(vm.power) && steps.length > 0 ? overlaysBeside(facts) : [];
  if (beside.length === 0) {
    return undefined;
  }
  const { givenUp } = layersUsedBy(steps, facts);
  const left = new Set(applyAll(steps, facts).tree.snapshots.map(({ name }) => name));
  const found = beside.find(
    ({ snapshot, image, file }) => left.has(snapshot) && givenUp.has(file) && !givenUp.has(image),
  );
  return found && refuse('usedByImage', { vm: vm.name, image: found.image, file: found.file });
}

/** Of snapshots, with what they are built on: those that neither the VM nor what a snapshot froze rests on. */
function overlaysBeside(facts: Facts) {
  const { vm, tree, frozenDisks } = facts;
  const made = tree.snapshots.flatMap((snapshot) =>
    externalTargets(snapshot).flatMap((target) => {
      const image = overlayOf(snapshot, target);
      const file = imageOf(image, facts)?.backing?.file;
      return image === undefined || file === undefined ? [] : [{ snapshot: snapshot.name, image, file }];
    }),
  );
  if (made.length === 0) {
    return [];
  }
  const disks = [...vm.disks, ...[...(frozenDisks?.values() ?? [])].flat()];
  const inUse = new Set(disks.flatMap((disk) => wholeChain(disk, facts)));
  return made.filter(({ image }) => !inUse.has(image));
}
