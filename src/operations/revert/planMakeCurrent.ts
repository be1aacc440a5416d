// Tells libvirt again which snapshot the VM stands on, where libvirt has lost that: for a repair, and for the end of a
// revert.
import { automaticTitles } from '../../domain/automaticTitles.js';
import { chainOf } from '../../domain/chains/backingChain.js';
import { externalTargets } from '../../domain/chains/deletedFiles.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import type { Facts } from '../../domain/facts.js';
import type { OperationRequest } from '../../domain/operation.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { freeTitle } from '../../domain/snapshotName.js';
import { findSnapshot, currentOf, childrenOf } from '../../domain/snapshotTree.js';
import type { TargetFile } from '../../steps/step.js';
import { planCreate } from '../create/planCreate.js';
import type { RepairSteps } from '../repairSteps.js';

/**
 * Without a current one, libvirt from 9.9 on crashes at an external revert. It gets the overlays of the VM to name, or,
 * where its children are built on the ones that it names, a leaf above it does: see layoutLeaf.
 *
 * | another is current | the VM's files stand right on what it froze | children | → |
 * |--------------------|---------------------------------------------|----------|---|
 * | yes                | any                                         | any      | nothingToRepair |
 * | no                 | no, or not known                            | any      | notOnSnapshot |
 * | no                 | yes                                         | none     | made current, naming them |
 * | no                 | yes                                         | some     | made current, and a leaf is taken |
 */
export function planMakeCurrent(
  ref: OperationRequest['vm'],
  name: string,
  facts: Facts,
): RepairSteps | RefusedDecision {
  const { vm, tree } = facts;
  const snapshot = findSnapshot(tree, name);
  if (snapshot === undefined || currentOf(tree) !== undefined) {
    return refuse('nothingToRepair', { vm: vm.name });
  }
  const disks = overlaysOn(snapshot, facts);
  if (disks === undefined) {
    return refuse('notOnSnapshot', { vm: vm.name, snapshot: snapshot.title });
  }
  if (childrenOf(tree, name).length === 0) {
    return { kind: 'repair', steps: [{ kind: 'makeCurrent', snapshot: name, disks }] };
  }
  const title = freeTitle(automaticTitles.onTopOf(snapshot.title), tree.snapshots);
  const leaf = planCreate(
    {
      kind: 'create',
      vm: ref,
      snapshotKind: vm.power === 'off' ? 'offline' : 'disk',
      style: 'external',
      title,
      auto: 'layout',
    },
    { ...facts, tree: { ...tree, current: name } },
  );
  return leaf.kind === 'refusal'
    ? leaf
    : { kind: 'repair', steps: [{ kind: 'makeCurrent', snapshot: name }, ...leaf.steps], warnings: leaf.warnings };
}

/** The VM's own files, if each stands right on what the snapshot froze of its disk. */
export function overlaysOn(snapshot: Snapshot, facts: Facts): readonly TargetFile[] | undefined {
  const overlays: TargetFile[] = [];
  for (const target of externalTargets(snapshot)) {
    const [file, below] = chainOf(target, facts) ?? [];
    if (file === undefined || below === undefined || below !== backingFileOf(facts, snapshot.name, target)) {
      return undefined;
    }
    overlays.push({ target, file });
  }
  return overlays.length === 0 ? undefined : overlays;
}
