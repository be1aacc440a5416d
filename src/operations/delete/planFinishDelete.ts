// The end of a delete that broke off while libvirt merged an overlay into the file below it: what is merged is taken
// for merged, the rest is merged too.
import { chainOf } from '../../domain/chains/backingChain.js';
import { externalTargets, neededFiles } from '../../domain/chains/deletedFiles.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { tagRefusal } from '../../domain/chains/doomedTags.js';
import { otherVmRefusal } from '../../domain/chains/otherVms.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { CommittedDisk, Step } from '../../steps/step.js';
import { applyAll } from '../../steps/steps.js';
import type { Facts } from '../../domain/facts.js';
import { planDelete } from './planDelete.js';
import { canRemove } from '../../domain/chains/canRemove.js';
import { offlineMerges } from './offlineMerges.js';
import { planFinishBelow, unmarkSteps } from './planFinishBelow.js';
import type { RepairSteps } from '../repairSteps.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { childrenOf, currentOf, findSnapshot, isOnActivePath } from '../../domain/snapshotTree.js';
import { isActive } from '../../domain/vm.js';

/**
 * The delete of `above` broke off while its overlays were merged into those that `marked` names. libvirt refuses one of
 * which it has merged some disks and not others, and nobody can go back.
 *
 * | of `above`, the VM stands                           | → |
 * |-----------------------------------------------------|---|
 * | on its overlays, with all disks                     | it is deleted again: its merge is done once more, by us where the VM is off |
 * | on what it froze, with all disks                    | it is merged: it is forgotten, the mark taken away, its overlays removed |
 * | on its overlay with one, on what it froze with another | the one is merged by QEMU, or by us where the VM is off; then the same |
 * | on anything else, or it is not known                | as planDelete says of it |
 * | on an overlay that is gone, the VM off              | the same: libvirt had removed what was merged |
 * | nothing is marked, or nothing comes after it        | nothingToRepair |
 */
export function planFinishDelete(
  ref: OperationRequest['vm'],
  name: string,
  facts: Facts,
): RepairSteps | RefusedDecision {
  const { vm, tree } = facts;
  const marked = findSnapshot(tree, name);
  const disks = (marked?.disks ?? []).filter(({ deleteInProgress }) => deleteInProgress);
  const above = childrenOf(tree, name).find((child) => isOnActivePath(tree, child.name));
  if (marked === undefined || disks.length === 0 || above === undefined) {
    return refuse('nothingToRepair', { vm: vm.name });
  }
  return planFinishMerge(above, true, facts) ?? planDeleteAgain(ref, above, facts);
}

/** Where nothing of it is merged, or all of it may be merged once more. */
export function planDeleteAgain(
  ref: OperationRequest['vm'],
  { name }: Snapshot,
  facts: Facts,
): RepairSteps | RefusedDecision {
  const plan = planDelete({ kind: 'delete', vm: ref, snapshot: name, scope: 'one' }, facts);
  return plan.kind === 'refusal'
    ? plan
    : { kind: 'repair', steps: plan.steps, losses: plan.losses, warnings: plan.warnings, progress: plan.progress };
}

/**
 * Undefined where nothing of it is merged, so that it can be deleted as any other.
 *
 * @param above a snapshot whose delete was begun
 * @param hasBegun whether it is known that something was written into what it froze
 */
export function planFinishMerge(
  above: Snapshot,
  hasBegun: boolean,
  facts: Facts,
): RepairSteps | RefusedDecision | undefined {
  if (currentOf(facts.tree) !== above) {
    return isOnActivePath(facts.tree, above.name) && !offlineMerges([above], facts).has(above.name)
      ? planFinishBelow(above, hasBegun, facts)
      : undefined;
  }
  const left = unmergedOf(above, facts);
  if (left === undefined || left.filter(({ merged }) => merged.length > 0).length === externalTargets(above).length) {
    return undefined;
  }
  const elsewhere = otherVmRefusal(
    left.flatMap(({ top, base }) => [top, base]),
    facts,
    'refuse',
  );
  return (
    tagRefusal(
      left.map(({ top }) => top),
      facts,
    ) ?? (left.length > 0 && elsewhere !== undefined ? elsewhere : planFinishMarked(above, left, facts))
  );
}

/** Undefined where a disk stands neither here nor there. */
function unmergedOf(above: Snapshot, facts: Facts): readonly CommittedDisk[] | undefined {
  const left: CommittedDisk[] = [];
  for (const target of externalTargets(above)) {
    const base = backingFileOf(facts, above.name, target);
    const top = facts.vm.disks.find((disk) => disk.target === target)?.source;
    const own = above.disks.find((disk) => disk.target === target)?.file;
    const image = base === undefined ? undefined : facts.files?.images.get(base);
    if (base === undefined || top === undefined) {
      return undefined;
    }
    if (top !== base) {
      const isGone = facts.files?.images.get(top) === 'missing';
      // If the merge has removed the file, only the snapshot tells what it was built on.
      const isAbove = isGone ? own === top && !isActive(facts.vm.power) : chainOf(target, facts)?.[1] === base;
      if (!isAbove || typeof image !== 'object') {
        return undefined;
      }
      // libvirt removes an overlay only when it is merged: the VM has to be defined on what took it.
      left.push({ target, top, base, baseFormat: image.format, merged: isGone ? [] : [top] });
    }
  }
  return left;
}

function planFinishMarked(
  above: Snapshot,
  left: readonly CommittedDisk[],
  facts: Facts,
): RepairSteps | RefusedDecision {
  const needed = neededFiles(new Set([above.name]), applyAll(mergeSteps(left, facts), facts));
  const overlays = above.disks.flatMap(({ file }) =>
    file !== undefined && !needed.has(file) && facts.files?.images.get(file) !== 'missing' ? [file] : [],
  );
  const removable = overlays.filter((file) => canRemove(file, facts));
  return {
    kind: 'repair',
    steps: [
      ...mergeSteps(left, facts),
      ...unmarkSteps(above.name, facts),
      { kind: 'forgetSnapshot', snapshot: above.name },
      ...(removable.length === 0 ? [] : [{ kind: 'removeFiles', files: removable } as const]),
    ],
    losses: [{ kind: 'restorePoints', names: [above.name] }],
    warnings: [
      ...left.map(({ base }) => ({ kind: 'merges', into: base }) as const),
      ...overlays.filter((file) => !removable.includes(file)).map((file) => ({ kind: 'leavesFile', file }) as const),
    ],
    ...(left.length === 0 ? {} : { progress: 'percent' as const }),
  };
}

/** By QEMU while the VM is on, else by us. */
export function mergeSteps(left: readonly CommittedDisk[], { vm }: Facts): readonly Step[] {
  return isActive(vm.power)
    ? left.map((disk) => ({ kind: 'blockCommit', ...disk }))
    : left.length === 0
      ? []
      : [{ kind: 'commitImages', disks: left }];
}
