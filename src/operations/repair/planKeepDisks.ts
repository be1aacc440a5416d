// A memory snapshot whose RAM is gone, and what is left of it: a disk-only snapshot. libvirt refuses to make it one
// where it stands (9.0 to 12.8), so another one takes its place. Touches no image.
import { versionOf } from '../../domain/capabilities.js';
import { externalTargets } from '../../domain/chains/deletedFiles.js';
import { isRamChanged } from '../../domain/chains/frozenLayers.js';
import { isMoved } from '../../domain/chains/movedFiles.js';
import { folderOf, usedSuffixes } from '../../domain/chains/overlayFiles.js';
import { diskRefusal, ramRefusal } from '../../domain/chains/snapshotWhole.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { nameFromTitle } from '../../domain/snapshotName.js';
import { childrenOf, findSnapshot } from '../../domain/snapshotTree.js';
import { lostDataRefusal, ownDiskMissing } from './planMetadataRepair.js';
import type { RepairSteps } from '../repairSteps.js';
import { describeWithTitle, unmovableNvramCopy, renameSteps } from '../rename/renameSteps.js';

/**
 * What libvirt ≥ 9.9 has noted with the current one of the VM's overlays may be lost, as with a rename: see
 * `titleOnly`. RAM that is not what was noted is no whole one.
 *
 * | its RAM              | its disks       | the snapshot                          | → |
 * |----------------------|-----------------|---------------------------------------|---|
 * | there, or not seen   | any             | any                                   | nothingToRepair |
 * | gone, or no whole one | the VM's own are away too | any                        | nothingToRepair: a storage that may come back |
 * | moved                | any             | any                                   | nothingToRepair |
 * | gone, or no whole one | none took part | any                                   | nothingToRepair: nothing would be left |
 * | gone, or no whole one | gone, damaged, merged by hand | any                    | why |
 * | gone, or no whole one | there          | a delete that broke off is marked on it | unfinishedDelete |
 * | gone, or no whole one | there          | current, libvirt ≥ 9.9, and has children, or the VM got its overlays from a revert to it | currentNotesFiles |
 * | gone, or no whole one | there          | its copy of the UEFI variables cannot be moved | filesOutOfReach |
 * | gone, or no whole one | there          | other                                 | becomes a disk-only one of another name |
 */
export function planKeepDisks(name: string, facts: Facts): RepairSteps | RefusedDecision {
  const { vm, tree, capabilities, now } = facts;
  const snapshot = findSnapshot(tree, name);
  if (
    snapshot === undefined ||
    (ramRefusal(snapshot, facts) === undefined && !isRamChanged(snapshot, facts)) ||
    ownDiskMissing(facts) ||
    isMoved(snapshot.memory.file, facts) ||
    externalTargets(snapshot).length === 0
  ) {
    return refuse('nothingToRepair', { vm: vm.name });
  }
  const broken = diskRefusal(snapshot, facts) ?? lostDataRefusal(snapshot, facts);
  if (broken !== undefined) {
    return broken;
  }
  const marked = snapshot.disks.find(({ deleteInProgress }) => deleteInProgress);
  if (marked !== undefined) {
    return refuse('unfinishedDelete', { snapshot: snapshot.title, disk: marked.target });
  }
  const notes = childrenOf(tree, name).length > 0 || snapshot.revertDisks !== undefined;
  if (tree.current === name && notes && capabilities.libvirt >= versionOf(9, 9)) {
    return refuse('currentNotesFiles', { vm: vm.name, snapshot: snapshot.title });
  }
  const copy = unmovableNvramCopy(snapshot, facts);
  if (copy !== undefined) {
    const folder = folderOf(copy);
    const can = facts.files?.canAct.get(folder);
    return refuse('filesOutOfReach', { folder, why: typeof can === 'object' ? can.why : 'notLookedAt' });
  }
  const taken = new Set([...tree.snapshots.map((one) => one.name), ...usedSuffixes(facts)]);
  const redefine = {
    snapshot: name,
    name: nameFromTitle(snapshot.title, taken, now),
    description: describeWithTitle(snapshot, snapshot.title),
    keeps: 'disks',
  } as const;
  return { kind: 'repair', steps: renameSteps(redefine, facts), warnings: [{ kind: 'crashConsistent' }] };
}
