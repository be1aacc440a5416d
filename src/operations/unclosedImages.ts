// Images whose last writer died, and what is done before an overlay on one of them, or RAM, makes that permanent.
import { wholeChain } from '../domain/chains/backingChain.js';
import { folderOf } from '../domain/chains/overlayFiles.js';
import type { Facts } from '../domain/facts.js';
import { type RefusedDecision, refuse } from '../domain/refusal.js';
import type { VmDisk } from '../domain/vm.js';
import type { Step } from '../steps/step.js';

/** `below`: without the image itself, which QEMU has open, or repairs when it opens it. */
type Layers = 'all' | 'below';

interface UnclosedImage {
  readonly target: string;
  readonly file: string;
}

/** Each file once. */
export function unclosedImages(disks: readonly VmDisk[], which: Layers, facts: Facts): readonly UnclosedImage[] {
  const found = new Map<string, UnclosedImage>();
  for (const disk of disks) {
    for (const file of wholeChain(disk, facts).slice(which === 'all' ? 0 : 1)) {
      const image = facts.files?.images.get(file);
      if (typeof image === 'object' && image.unclosed === true) {
        found.set(file, { target: disk.target, file });
      }
    }
  }
  return [...found.values()];
}

/**
 * Measured with QEMU 7.2: one that lies below an overlay ends QEMU by an assertion as soon as it lets go of its images,
 * which it does when it saves RAM to a file, and when such RAM comes back.
 */
export function unclosedRefusal(disks: readonly VmDisk[], which: Layers, facts: Facts): RefusedDecision | undefined {
  const [first] = unclosedImages(disks, which, facts);
  return first && refuse('imageUnclosed', { vm: facts.vm.name, disk: first.target, file: first.file });
}

/** The steps that repair images of a VM that is off. libvirt repairs no image. */
export function repairSteps(files: readonly string[], { files: seen }: Facts): readonly Step[] | RefusedDecision {
  for (const folder of new Set(files.map(folderOf))) {
    const can = seen?.canAct.get(folder);
    if (can !== 'yes') {
      return refuse('filesOutOfReach', { folder, why: can?.why ?? 'notLookedAt' });
    }
  }
  return files.length === 0 ? [] : [{ kind: 'repairImages', files }];
}
