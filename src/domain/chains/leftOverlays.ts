// The overlays that a VM leaves when it goes elsewhere: which of them nobody needs any more. libvirt removes them without
// a look at who else is built on them. Knows no steps.
import { restingOn, wholeChain } from './fileUse.js';
import { tagsIn } from './lostTags.js';
import { outsiderOn, unreadVms } from './otherVms.js';
import { isDevicePath } from '../devicePath.js';
import { folderOf } from './overlayFiles.js';
import type { Situation } from '../situation.js';
import { snapshotableDisks } from '../vm.js';

export interface LeftOverlays {
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
export function leftOverlays(situation: Situation): LeftOverlays {
  const { vm, frozenDisks, otherVms, files } = situation;
  const frozen = new Set([...(frozenDisks?.values() ?? [])].flat().flatMap(({ source }) => source ?? []));
  const removable: string[] = [];
  const kept: string[] = [];
  for (const disk of snapshotableDisks(vm)) {
    const { source: file } = disk;
    const isOverlay = wholeChain(disk, situation)
      .slice(1)
      .some((base) => frozen.has(base));
    if (
      file !== undefined &&
      !isDevicePath(file) &&
      isOverlay &&
      !frozen.has(file) &&
      restingOn(situation, [file]).size === 1
    ) {
      const alone =
        otherVms !== undefined && outsiderOn([file], situation) === undefined && unreadVms(situation).length === 0;
      const can = files?.canAct.get(folderOf(file)) === 'yes';
      (alone && can && tagsIn(file, situation).length === 0 ? removable : kept).push(file);
    }
  }
  return { removable, kept };
}
