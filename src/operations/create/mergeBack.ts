// A memory snapshot that QEMU died right behind: the VM stands on its overlays, libvirt took the RAM away again and has no
// snapshot. Its disks go back to what they were, with all that the guest wrote. Knows no other way for such a VM.
import type { CommittedDisk, CreateStep, Step } from '../../steps/step.js';
import type { Facts } from '../../domain/facts.js';
import { commitRefusal } from '../commitRefusal.js';
import { standsExactlyOn } from '../matchesPlan.js';
import { isMissing } from '../../domain/chains/standsOn.js';

/**
 * A snapshot that promises RAM would be a lie, and one without was not asked for; the same snapshot can be taken again.
 *
 * | its RAM              | the VM, its disks                                    | the overlays and what is below them | → |
 * |----------------------|------------------------------------------------------|-------------------------------------|---|
 * | there, or not seen; none was wanted | any                                   | any                                 | undefined |
 * | certainly gone       | on, or off with a managed save                       | any                                 | undefined: it was used since |
 * | certainly gone       | off, not all on the overlays, or on some on top      | any                                 | undefined |
 * | certainly gone       | off, on the overlays                                 | damaged, not seen, not ours to change, or somebody else needs one: see `planBlockCommit` | undefined |
 * | certainly gone       | off, on the overlays                                 | the VM's alone                      | merged, and the overlays go |
 */
export function mergeBackSteps(made: CreateStep, facts: Facts): readonly Step[] | undefined {
  const { vm } = facts;
  const overlays = made.disks.flatMap(({ target, file }) => (file === undefined ? [] : [{ target, file }]));
  const isWithoutRam = made.memoryFile !== undefined && isMissing(made.memoryFile, facts);
  if (!isWithoutRam || vm.power !== 'off' || vm.managedSave || !standsExactlyOn(overlays, facts)) {
    return undefined;
  }
  const disks = overlays.flatMap(({ target, file }): readonly CommittedDisk[] => {
    const image = facts.files?.images.get(file);
    const backing = typeof image === 'object' ? image.backing : undefined;
    return backing?.format === undefined
      ? []
      : [{ target, top: file, base: backing.file, baseFormat: backing.format, merged: [file] }];
  });
  return disks.length === 0 || disks.length < overlays.length || commitRefusal(disks, facts) !== undefined
    ? undefined
    : [
        { kind: 'commitImages', disks },
        { kind: 'removeFiles', files: disks.map(({ top }) => top) },
      ];
}
