// Which overlays of a VM that is off we merge ourselves when a snapshot goes: libvirt would start the VM's QEMU for it, with all
// of its devices, and a VM that cannot start here could lose no snapshot.
import { chainOf } from '../../domain/chains/backingChain.js';
import { externalTargets } from '../../domain/chains/deletedFiles.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { imageOf } from '../../domain/chains/frozenContent.js';
import { isDevicePath } from '../../domain/devicePath.js';
import type { Facts } from '../../domain/facts.js';
import type { ImageFacts } from '../../domain/hostFiles.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { childrenOf, parentOf } from '../../domain/snapshotTree.js';
import type { CommittedDisk, Step } from '../../steps/step.js';
import { applyAll } from '../../steps/steps.js';
import { commitRefusal } from '../consolidate/planBlockCommit.js';
import { anotherFileRefusal } from '../diskRefusals.js';
import { canRemove } from './planEmulatedDelete.js';

/**
 * By snapshot. A snapshot without a row is left to libvirt.
 *
 * | the VM | the snapshot, when its turn comes        | its disks                                                | → |
 * |--------|------------------------------------------|----------------------------------------------------------|---|
 * | on     | any                                      | any                                                      | none |
 * | off    | is not current, or has children          | any                                                      | none |
 * | off    | is current, a leaf, and libvirt has begun to merge it | any                                         | none: libvirt's mark is on its parent |
 * | off    | is current, and a leaf                   | one is no file, is only read, or cannot stand on another file | none |
 * | off    | is current, and a leaf                   | one of the images was not seen, or is not ours to change | none |
 * | off    | is current, and a leaf                   | somebody else needs one of the images                    | none |
 * | off    | is current, and a leaf                   | others                                                   | merged by us |
 *
 * @param doomed in the order in which they go
 */
export function offlineMerges(
  doomed: readonly Snapshot[],
  facts: Facts,
): ReadonlyMap<string, readonly CommittedDisk[]> {
  const merges = new Map<string, readonly CommittedDisk[]>();
  if (facts.vm.power !== 'off' || facts.files?.canChange === undefined) {
    return merges;
  }
  let at = facts;
  for (const snapshot of doomed) {
    const disks = mergedDisks(snapshot, at);
    const forgotten = applyAll([{ kind: 'forgetSnapshot', snapshot: snapshot.name }], at);
    at = forgotten;
    if (disks !== undefined && commitRefusal(disks, forgotten) === undefined) {
      merges.set(snapshot.name, disks);
      const merged: Step = { kind: 'commitImages', disks };
      const files = disks.map(({ top }) => top).filter((file) => canRemove(file, forgotten));
      at = applyAll([merged, { kind: 'removeFiles', files }], forgotten);
    }
  }
  return merges;
}

/** Undefined where one of its disks is not to be merged by us. */
function mergedDisks(snapshot: Snapshot, facts: Facts): readonly CommittedDisk[] | undefined {
  const { tree, vm, files } = facts;
  const targets = externalTargets(snapshot);
  const isLeaf = tree.current === snapshot.name && childrenOf(tree, snapshot.name).length === 0;
  const isMarked = parentOf(tree, snapshot.name)?.disks.some(({ deleteInProgress }) => deleteInProgress) === true;
  if (!isLeaf || isMarked || targets.length === 0) {
    return undefined;
  }
  const merged: CommittedDisk[] = [];
  for (const target of targets) {
    const disk = vm.disks.find((one) => one.target === target);
    const [top, base] = chainOf(target, facts) ?? [];
    const [above, below] = [top, base].map((file) => plainImage(file, facts));
    const format = above?.backing?.file === base ? above?.backing?.format : undefined;
    if (
      disk === undefined ||
      top === undefined ||
      base === undefined ||
      base !== backingFileOf(facts, snapshot.name, target) ||
      (format !== 'qcow2' && format !== 'raw') ||
      below === undefined ||
      disk.sourceType !== 'file' ||
      disk.volume !== undefined ||
      disk.device !== 'disk' ||
      disk.readonly ||
      disk.shareable ||
      [top, base].some((file) => isDevicePath(file) || files?.canChange?.get(file) !== 'yes') ||
      anotherFileRefusal([disk], facts) !== undefined
    ) {
      return undefined;
    }
    merged.push({ target, top, base, baseFormat: format, merged: [top] });
  }
  return merged;
}

/** Undefined where it was not seen, or holds what a merge does not take along. */
function plainImage(file: string | undefined, facts: Facts): ImageFacts | undefined {
  const image = imageOf(file, facts);
  return image === undefined || image.dataFile === true || image.encrypted === true || (image.bitmaps ?? 0) > 0
    ? undefined
    : image;
}
