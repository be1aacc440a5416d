// The end of a delete that broke off while libvirt merged an overlay below others into the file under it. Nobody stands
// on it, and as long as it is there the same is read through it, merged or not.
import { chainOf } from '../../domain/chains/backingChain.js';
import { versionOf } from '../../domain/capabilities.js';
import { externalTargets, neededFiles, overlayAbove } from '../../domain/chains/deletedFiles.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { imageOf } from '../../domain/chains/frozenContent.js';
import { isUnwritten } from '../../domain/chains/lastWrites.js';
import type { Facts } from '../../domain/facts.js';
import type { Before } from '../../domain/origin.js';
import { onBases } from '../../steps/merges.js';
import type { Step } from '../../steps/step.js';
import { canRemove } from '../../domain/chains/canRemove.js';
import type { RepairSteps } from '../repairSteps.js';
import { reparentChildrenSteps } from '../reparentSteps.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { parentOf } from '../../domain/snapshotTree.js';
import { isActive, toldChain } from '../../domain/vm.js';

export interface MergeBelow {
  readonly target: string;
  readonly overlay: string;
  readonly base: string;
  readonly baseFormat: string;
  /** What is above the overlay stands on the base. */
  readonly isDone: boolean;
}

/**
 * | of its overlays | something was merged | the VM                     | → |
 * |-----------------|----------------------|----------------------------|---|
 * | all in the chain | not known to be     | any                        | undefined: as any other |
 * | all in the chain | yes                 | active, or libvirt ≥ 9.9, or we can merge it | undefined: deleted again, it is merged once more |
 * | all in the chain | yes                 | off, libvirt < 9.9         | it is forgotten; its overlays stay as layers that nobody owns |
 * | some, or none    | yes                 | any                        | who names those that are merged is put on what took them; the rest as above |
 * | one is not known, or elsewhere | any   | any                        | undefined |
 *
 * @param doomed a snapshot on the branch that the VM runs on, with another one above it
 */
export function planFinishBelow(doomed: Snapshot, hasBegun: boolean, facts: Facts): RepairSteps | undefined {
  const merges = mergesOf(doomed, facts);
  const done = merges?.filter(({ isDone }) => isDone) ?? [];
  const { vm, capabilities } = facts;
  const canMergeAgain = isActive(vm.power) || capabilities.libvirt >= versionOf(9, 9);
  if (merges === undefined || merges.length === 0 || (done.length === 0 && (!hasBegun || canMergeAgain))) {
    return undefined;
  }
  const named = namingSteps(doomed.name, done, facts);
  const needed = neededFiles(new Set([doomed.name]), onBases(done, facts));
  const overlays = done.flatMap(({ overlay }) =>
    !needed.has(overlay) && facts.files?.images.get(overlay) !== 'missing' ? [overlay] : [],
  );
  const removable = overlays.filter(
    (file) => canRemove(file, facts) && !isBelowAnother(file, facts) && !isListed(file, facts),
  );
  return {
    kind: 'repair',
    steps: [
      ...named,
      ...reparentChildrenSteps(facts.tree, doomed.name),
      ...unmarkSteps(doomed.name, facts),
      { kind: 'forgetSnapshot', snapshot: doomed.name },
      ...(removable.length === 0 ? [] : [{ kind: 'removeFiles', files: removable } as const]),
    ],
    losses: [{ kind: 'restorePoints', names: [doomed.name] }],
    warnings: overlays
      .filter((file) => !removable.includes(file))
      .map((file) => ({ kind: 'leavesFile', file }) as const),
  };
}

/**
 * For certain: all stands as it did, what was to take the merge was not written to since, and the QEMU of a VM that is
 * on has it open to read alone. Where nobody sees the locks, it is not certain.
 */
export function isUntouched(doomed: Snapshot, { lastWrites }: Before, facts: Facts): boolean {
  const { vm, blockJobs, written } = facts;
  const isWritten = (file: string | undefined): boolean => written?.has(imageOf(file, facts)?.real ?? '') === true;
  const merges = mergesOf(doomed, facts) ?? [];
  return (
    merges.length > 0 &&
    merges.every(
      ({ target, base, isDone }) =>
        !isDone &&
        isUnwritten(base, lastWrites, facts) &&
        !isWritten(base) &&
        isWritten(vm.disks.find((disk) => disk.target === target)?.source) === isActive(vm.power),
    ) &&
    (!isActive(vm.power) || blockJobs?.length === 0)
  );
}

/** Undefined where a disk stands neither so nor so, or its chain cannot be seen. */
function mergesOf(doomed: Snapshot, facts: Facts): readonly MergeBelow[] | undefined {
  const merges: MergeBelow[] = [];
  for (const target of externalTargets(doomed)) {
    const base = backingFileOf(facts, doomed.name, target);
    const overlay = overlayAbove(doomed, target, facts);
    const chain = chainOf(target, facts);
    const image = base === undefined ? undefined : facts.files?.images.get(base);
    if (base === undefined || overlay === undefined || chain === undefined || typeof image !== 'object') {
      return undefined;
    }
    const isDone = !chain.includes(overlay);
    const isApart = chain[chain.indexOf(overlay) + 1] === base;
    if (!chain.includes(base) || (!isDone && !isApart)) {
      return undefined;
    }
    merges.push({ target, overlay, base, baseFormat: image.format, isDone });
  }
  return merges;
}

/**
 * libvirt's own metadata of each: a snapshot that froze a merged overlay has its content in the base, and some name it
 * further below.
 */
export function namingSteps(
  doomed: string,
  done: readonly MergeBelow[],
  { tree, frozenDisks }: Facts,
): readonly Step[] {
  return tree.snapshots.flatMap(({ name }): readonly Step[] => {
    const disks = (name === doomed ? [] : (frozenDisks?.get(name) ?? [])).flatMap((disk) => {
      const merge = done.find(({ target }) => target === disk.target);
      const { source: file } = disk;
      return merge === undefined || file === undefined
        ? []
        : file === merge.overlay
          ? [{ target: disk.target, file: merge.base, format: merge.baseFormat }]
          : toldChain(disk).includes(merge.overlay)
            ? [{ target: disk.target, file, format: disk.format }]
            : [];
    });
    return disks.length === 0 ? [] : [{ kind: 'nameFrozenFiles', snapshot: name, disks }];
  });
}

/** libvirt marks the parent of what it merges; a root has none. */
export function unmarkSteps(doomed: string, { tree }: Facts): readonly Step[] {
  const parent = parentOf(tree, doomed);
  return parent?.disks.some(({ deleteInProgress }) => deleteInProgress) === true
    ? [{ kind: 'clearUnfinishedDelete', snapshot: parent.name }]
    : [];
}

/** A daemon that died in the merge may go on to think that QEMU has it; what a configuration tells is opened. */
function isListed(file: string, { vm }: Facts): boolean {
  return vm.disks.some((disk) => toldChain(disk).slice(1).includes(file));
}

/** An image of another branch may still name it. */
function isBelowAnother(file: string, { files }: Facts): boolean {
  return [...(files?.images.values() ?? [])].some((facts) => typeof facts === 'object' && facts.backing?.file === file);
}
