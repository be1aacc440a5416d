// Which overlays of a VM that is off we merge ourselves when a snapshot goes: libvirt would start the VM's QEMU for it,
// with all of its devices, and a VM that cannot start here could lose no snapshot.
import { chainOf } from '../../domain/chains/backingChain.js';
import { externalTargets, filesLeftByDelete, neededFiles, overlayAbove } from '../../domain/chains/deletedFiles.js';
import { backingFileOf, restingOn } from '../../domain/chains/fileUse.js';
import { imageOf } from '../../domain/chains/frozenContent.js';
import { isMissing } from '../../domain/chains/standsOn.js';
import { isDevicePath } from '../../domain/devicePath.js';
import type { Facts } from '../../domain/facts.js';
import type { ImageFacts } from '../../domain/hostFiles.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { childrenOf, isOnActivePath } from '../../domain/snapshotTree.js';
import type { CommittedDisk, Step } from '../../steps/step.js';
import { applyAll } from '../../steps/steps.js';
import { commitRefusal } from '../commitRefusal.js';
import { anotherFileRefusal } from '../diskRefusals.js';
import { removal } from '../interruptedStep.js';
import { reparentChildrenSteps } from '../reparentSteps.js';
import { canRemove } from '../../domain/chains/canRemove.js';
import { needsUs, ownFiles } from './planEmulatedDelete.js';
import { namingSteps, unmarkSteps } from './planFinishBelow.js';

interface OfflineMerge {
  readonly disks: readonly CommittedDisk[];
  /** All that comes before the snapshot is forgotten. */
  readonly steps: readonly Step[];
}

/** By snapshot. */
export type OfflineMerges = ReadonlyMap<string, OfflineMerge>;

/**
 * A snapshot without a row is left to libvirt.
 *
 * | the VM | the snapshot, when its turn comes        | its disks                                                | → |
 * |--------|------------------------------------------|----------------------------------------------------------|---|
 * | on     | any                                      | any                                                      | none |
 * | off    | the VM does not stand on it, or it is current with children, or has several | any                   | none |
 * | off    | any other                                | one is no file, is only read, or cannot stand on another file | none |
 * | off    | any other                                | one of the images was not seen, or is not ours to change | none |
 * | off    | any other                                | somebody needs one of the images, and is not put on what takes the merge | none |
 * | off    | current, and a leaf                      | others                                                   | merged by us, the VM is put on what it froze |
 * | off    | has one above it                         | others                                                   | merged by us, all images right above are put on what it froze |
 *
 * @param doomed in the order in which they go
 */
export function offlineMerges(doomed: readonly Snapshot[], facts: Facts): OfflineMerges {
  const merges = new Map<string, OfflineMerge>();
  if (facts.vm.power !== 'off' || facts.files?.canChange === undefined) {
    return merges;
  }
  const needed = neededFiles(new Set(doomed.map(({ name }) => name)), facts);
  let at = facts;
  for (const snapshot of doomed) {
    const disks = mergedDisks(snapshot, at);
    const forget: Step = { kind: 'forgetSnapshot', snapshot: snapshot.name };
    const forgotten = applyAll([forget], at);
    if (disks === undefined || commitRefusal(disks, forgotten) !== undefined) {
      at = applyAll(otherSteps(snapshot, needed, at), at);
      continue;
    }
    const steps: readonly Step[] = [{ kind: 'commitImages', disks }, ...settlingAbove(snapshot, disks, at)];
    merges.set(snapshot.name, { disks, steps });
    const files = disks.map(({ top }) => top).filter((file) => canRemove(file, forgotten));
    at = applyAll([...steps, forget, { kind: 'removeFiles', files }], at);
  }
  return merges;
}

/**
 * The steps for a snapshot that we do not merge: its files are deleted with it, and may rest on what takes a later
 * merge.
 */
function otherSteps(snapshot: Snapshot, needed: ReadonlySet<string>, facts: Facts): readonly Step[] {
  const { name } = snapshot;
  const byUs = needsUs(snapshot, facts);
  const own = byUs ? (ownFiles(snapshot, facts) ?? []) : [];
  const left = filesLeftByDelete(snapshot, byUs ? 'us' : 'libvirt', needed, facts);
  const removed = new Set([...own, ...left.filter((file) => canRemove(file, facts))]);
  return [{ kind: byUs ? 'forgetSnapshot' : 'deleteSnapshot', snapshot: name }, ...removal([...removed])];
}

/**
 * Those above it name what took the merge, and become its parent’s, from which the mark goes of a merge that libvirt
 * had begun. Metadata alone, so that it can be done once more.
 */
export function settlingAbove({ name }: Snapshot, disks: readonly CommittedDisk[], facts: Facts): readonly Step[] {
  const merges = disks.map(({ top: overlay, ...disk }) => ({ ...disk, overlay, isDone: true }));
  return [...namingSteps(name, merges, facts), ...reparentChildrenSteps(facts.tree, name), ...unmarkSteps(name, facts)];
}

/** Undefined where one of its disks is not to be merged by us. */
function mergedDisks(snapshot: Snapshot, facts: Facts): readonly CommittedDisk[] | undefined {
  const { tree } = facts;
  const targets = externalTargets(snapshot);
  const children = childrenOf(tree, snapshot.name);
  const isBelow = isOnActivePath(tree, snapshot.name) && children.length === 1;
  const isLeaf = tree.current === snapshot.name && children.length === 0;
  if ((!isLeaf && !(isBelow && tree.current !== snapshot.name)) || targets.length === 0) {
    return undefined;
  }
  const disks = targets.map((target) => mergedDisk(snapshot, target, facts));
  return disks.every((disk) => disk !== undefined) ? disks : undefined;
}

function mergedDisk(snapshot: Snapshot, target: string, facts: Facts): CommittedDisk | undefined {
  const { vm, files } = facts;
  const disk = vm.disks.find((one) => one.target === target);
  const chain = chainOf(target, facts) ?? [];
  const top = overlayAbove(snapshot, target, facts);
  const at = top === undefined ? -1 : chain.indexOf(top);
  const base = at < 0 ? undefined : chain[at + 1];
  const [overlay, below] = [top, base].map((file) => plainImage(file, facts));
  const format = overlay?.backing?.file === base ? overlay?.backing?.format : undefined;
  const above = at === 0 || top === undefined ? [] : imagesOn(top, facts);
  if (
    disk === undefined ||
    top === undefined ||
    base === undefined ||
    base !== backingFileOf(facts, snapshot.name, target) ||
    (format !== 'qcow2' && format !== 'raw') ||
    below === undefined ||
    above === undefined ||
    disk.sourceType !== 'file' ||
    disk.volume !== undefined ||
    disk.device !== 'disk' ||
    disk.readonly ||
    disk.shareable ||
    [top, base, ...above].some((file) => isDevicePath(file) || files?.canChange?.get(file) !== 'yes') ||
    anotherFileRefusal([disk], facts) !== undefined
  ) {
    return undefined;
  }
  return { target, top, base, baseFormat: format, merged: [top], ...(at === 0 ? {} : { above }) };
}

/** Right above it; undefined where one that may be, or may stand on one, was not seen. */
function imagesOn(file: string, facts: Facts): readonly string[] | undefined {
  const on = [...restingOn(facts, [file])].filter((one) => one !== file && !isMissing(one, facts));
  const images = on.map((one) => ({ one, image: imageOf(one, facts) }));
  return images.some(({ image }) => image?.backing === undefined || image.format !== 'qcow2')
    ? undefined
    : images.flatMap(({ one, image }) => (image?.backing?.file === file ? [one] : []));
}

/** Undefined where it was not seen, or holds what a merge does not take along. */
function plainImage(file: string | undefined, facts: Facts): ImageFacts | undefined {
  const image = imageOf(file, facts);
  return image === undefined || image.dataFile === true || image.encrypted === true || (image.bitmaps ?? 0) > 0
    ? undefined
    : image;
}
