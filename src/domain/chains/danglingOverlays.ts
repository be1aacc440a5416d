// The overlays that a VM leaves when it goes elsewhere: which of them nobody needs any more. libvirt removes them
// without a look at who else is built on them. Knows no steps.
import { wholeChain } from './backingChain.js';
import { restingOn } from './fileUse.js';
import { tagsIn } from './doomedTags.js';
import { findOutsideUser, unreadVms } from './otherVms.js';
import { isDevicePath } from '../devicePath.js';
import { folderOf } from './overlayFiles.js';
import type { Facts } from '../facts.js';
import { snapshotableDisks } from '../vm.js';

interface DanglingOverlays {
  readonly removable: readonly string[];
  /** Nobody of this VM needs them, and it is not certain that nobody else does, or they cannot be removed. */
  readonly kept: readonly string[];
}

/**
 * | the file that a disk of the VM stands on                     | → |
 * |--------------------------------------------------------------|---|
 * | a snapshot froze it, or an overlay rests on it               | stays: it is needed |
 * | rests on nothing that a snapshot froze, or is a device       | stays: it is no overlay of ours |
 * | an overlay of what a snapshot froze, somebody else uses it   | kept |
 * | … other VMs are not known, or cannot all be read             | kept |
 * | … it cannot be removed, or holds a snapshot inside           | kept |
 * | … otherwise                                                  | removable |
 */
export function danglingOverlays(facts: Facts): DanglingOverlays {
  const { vm, frozenDisks, otherVms, files } = facts;
  const frozen = new Set([...(frozenDisks?.values() ?? [])].flat().flatMap(({ source }) => source ?? []));
  const removable: string[] = [];
  const kept: string[] = [];
  for (const disk of snapshotableDisks(vm)) {
    const { source: file } = disk;
    const isOverlay = wholeChain(disk, facts)
      .slice(1)
      .some((base) => frozen.has(base));
    if (
      file !== undefined &&
      !isDevicePath(file) &&
      isOverlay &&
      !frozen.has(file) &&
      restingOn(facts, [file]).size === 1
    ) {
      const alone =
        otherVms !== undefined && findOutsideUser([file], facts) === undefined && unreadVms(facts).length === 0;
      const can = files?.canAct.get(folderOf(file)) === 'yes';
      (alone && can && tagsIn(file, facts).length === 0 ? removable : kept).push(file);
    }
  }
  return { removable, kept };
}
