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
  const { vm, frozenDisks } = facts;
  const { givenUp } = isActive(vm.power) ? layersUsedBy(steps, facts) : { givenUp: new Set<string>() };
  if (givenUp.size === 0) {
    return undefined;
  }
  const disks = [...vm.disks, ...[...(frozenDisks?.values() ?? [])].flat()];
  const inUse = new Set(disks.flatMap((disk) => wholeChain(disk, facts)));
  for (const snapshot of applyAll(steps, facts).tree.snapshots) {
    for (const target of externalTargets(snapshot)) {
      const image = overlayOf(snapshot, target);
      const file = imageOf(image, facts)?.backing?.file;
      if (image !== undefined && file !== undefined && givenUp.has(file) && !givenUp.has(image) && !inUse.has(image)) {
        return refuse('usedByImage', { vm: vm.name, image, file });
      }
    }
  }
  return undefined;
}
