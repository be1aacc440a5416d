// Decides how the doctor's repairs are done. Each is looked at afresh here: what is not wrong is not mended, and
// nothing is removed of which it is not certain that nobody needs it.
import { findStrayQemu } from '../../domain/chains/strayQemu.js';
import { tagRefusal } from '../../domain/chains/doomedTags.js';
import { isOurMemoryName } from '../../domain/chains/memoryFiles.js';
import { orphanFiles, orphanTags, ownImages } from '../../domain/chains/orphans.js';
import { otherVmRefusal } from '../../domain/chains/otherVms.js';
import { folderOf, usedSuffixes } from '../../domain/chains/overlayFiles.js';
import { divergentStarts } from '../../domain/chains/divergentStart.js';
import type { Loss } from '../../domain/consequences.js';
import { trashFolder } from '../../domain/hostFiles.js';
import type { OperationRequest, Repair } from '../../domain/operation.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Facts } from '../../domain/facts.js';
import { findSnapshot, childrenOf } from '../../domain/snapshotTree.js';
import { isActive, isPausedToBeSaved } from '../../domain/vm.js';
import { beginsWithMerge, withoutLocks } from '../delete/mergeAgain.js';
import { planFinishDelete } from '../delete/planFinishDelete.js';
import { repairRefusal } from '../diskRefusals.js';
import { frozenFileRefusal, inUseRefusal, readOnlyRefusal, unsteadyRefusal } from '../refusals.js';
import type { DraftPlan } from '../plan.js';
import { planAdoptTag } from './planAdoptTag.js';
import { planForget, lostDataRefusal, ownDiskMissing } from './planMetadataRepair.js';
import { planMakeCurrent } from '../revert/planMakeCurrent.js';
import { planMovedFiles } from './planMovedFiles.js';
import type { RepairSteps } from '../repairSteps.js';
import { planEmulatedRevert } from '../revert/planEmulatedRevert.js';
import { versionOf } from '../../domain/capabilities.js';
import { externalTargets } from '../../domain/chains/deletedFiles.js';
import { isRamChanged } from '../../domain/chains/frozenLayers.js';
import { isMoved } from '../../domain/chains/movedFiles.js';
import { diskRefusal, ramRefusal } from '../../domain/chains/snapshotWhole.js';
import { repairSteps as closingSteps } from '../unclosedImages.js';
import { nameFromTitle } from '../../domain/snapshotName.js';
import { describeWithTitle, renameSteps, unmovableCopy } from '../rename/renameSteps.js';

// A memory snapshot whose RAM is gone, and what is left of it: a disk-only snapshot. libvirt refuses to make it one
// where it stands (9.0 to 12.8), so another one takes its place.

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
function planKeepDisks(name: string, facts: Facts): RepairSteps | RefusedDecision {
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
  const copy = unmovableCopy(snapshot, facts);
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

type RepairRequest = Extract<OperationRequest, { kind: 'repair' }>;

export function planRepair(request: RepairRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, capabilities } = facts;
  const obstacle =
    readOnlyRefusal(vm, capabilities, 'repair') ??
    (capabilities.driver === 'qemu'
      ? undefined
      : refuse('driverCannot', { driver: capabilities.driver, action: 'repair' })) ??
    missingSnapshotRefusal(request.repair, facts);
  const repaired =
    obstacle ??
    repairRefusal(request.repair, facts) ??
    planMergeAgain(request, facts) ??
    waitRefusal(request.repair, facts) ??
    repairSteps(request, facts);
  if (repaired.kind === 'refusal') {
    return repaired;
  }
  const { repair } = request;
  return {
    kind: 'plan',
    request,
    steps: repaired.steps,
    ...(repaired.removes === undefined || repaired.removes.length === 0 ? {} : { removes: repaired.removes }),
    losses: repaired.losses ?? [],
    warnings: repaired.warnings ?? [],
    progress: repaired.progress ?? 'timeOnly',
    ...('snapshot' in repair ? { snapshot: repair.snapshot } : {}),
  };
}

function missingSnapshotRefusal(repair: Repair, { vm, tree }: Facts): RefusedDecision | undefined {
  return 'snapshot' in repair && findSnapshot(tree, repair.snapshot) === undefined
    ? refuse('snapshotMissing', { vm: vm.name, snapshot: repair.snapshot })
    : undefined;
}

/** QEMU may stand below already: where it does, it refuses this merge, and nothing has happened. */
function planMergeAgain(request: RepairRequest, facts: Facts): RepairSteps | undefined {
  const lost = request.repair.kind === 'finishDelete' ? findStrayQemu(facts) : undefined;
  if (lost === undefined) {
    return undefined;
  }
  const unlocked = withoutLocks(facts);
  const repaired = waitRefusal(request.repair, unlocked) ?? repairSteps(request, unlocked);
  return repaired.kind === 'repair' && beginsWithMerge(repaired.steps, lost, facts) ? repaired : undefined;
}

/** Thawing and resuming are for VMs in which something is stuck; everything else waits until nothing is under way. */
function waitRefusal(repair: Repair, facts: Facts): RefusedDecision | undefined {
  return repair.kind === 'thawGuest' || repair.kind === 'resumeAfterSave'
    ? undefined
    : (unsteadyRefusal(facts.vm, 'delete') ?? inUseRefusal(facts));
}

function repairSteps(request: RepairRequest, facts: Facts): RepairSteps | RefusedDecision {
  const { repair } = request;
  const { vm } = facts;
  switch (repair.kind) {
    case 'removeTag':
      return removeTag(repair, facts);
    case 'repairImages':
      return repairImages(repair.files, facts);
    case 'adoptTag':
      return planAdoptTag(repair.tag, facts);
    case 'removeFiles':
      return removeFiles(repair.files, facts);
    case 'forgetSnapshot':
      return planForget(repair.snapshot, facts);
    case 'keepDisks':
      return planKeepDisks(repair.snapshot, facts);
    case 'finishDelete':
      return planFinishDelete(request.vm, repair.snapshot, facts);
    case 'makeCurrent':
      return planMakeCurrent(request.vm, repair.snapshot, facts);
    case 'nameMovedFiles':
      return planMovedFiles(facts);
    case 'leaveFrozenFiles':
      return leaveFrozenFiles(request.vm, repair.snapshot, facts);
    case 'keepVm':
      return vm.persistent
        ? refuse('nothingToRepair', { vm: vm.name })
        : { kind: 'repair', steps: [{ kind: 'makePersistent' }] };
    case 'configureDisks':
      return configureDisks(facts);
    case 'resumeAfterSave':
      if (vm.savedNow === true) {
        return refuse('unfinishedSave', { vm: vm.name, action: 'resume' });
      }
      return isPausedToBeSaved(vm)
        ? { kind: 'repair', steps: [{ kind: 'power', action: 'resume' }] }
        : refuse('nothingToRepair', { vm: vm.name });
    case 'thawGuest':
      return facts.agent === 'frozen'
        ? { kind: 'repair', steps: [{ kind: 'thawGuest' }] }
        : refuse('nothingToRepair', { vm: vm.name });
  }
}

/**
 * | the tag                          | the image            | → |
 * |----------------------------------|----------------------|---|
 * | is a snapshot's, or not there    | any                  | nothingToRepair |
 * | is nobody's                      | another VM needs it  | usedByOtherVm, otherVmUnread |
 * | is nobody's                      | of a VM that is on   | imageInUse |
 * | is nobody's                      | out of reach         | filesOutOfReach |
 * | is nobody's                      | otherwise            | removed, with all that it holds |
 */
function removeTag(
  { file, tag }: { readonly file: string; readonly tag: string },
  facts: Facts,
): RepairSteps | RefusedDecision {
  const { vm } = facts;
  const elsewhere = otherVmRefusal([file], facts, 'refuse');
  if (elsewhere !== undefined) {
    return elsewhere;
  }
  if (!orphanTags(facts).some((orphan) => orphan.file === file && orphan.tag === tag)) {
    return refuse('nothingToRepair', { vm: vm.name });
  }
  if (isActive(vm.power) && ownImages(facts).has(file)) {
    return refuse('imageInUse', { vm: vm.name, file });
  }
  return (
    reachRefusal([file], facts) ?? {
      kind: 'repair',
      steps: [{ kind: 'removeTag', file, tag }],
      losses: [{ kind: 'restorePoints', names: [tag] }],
    }
  );
}

/**
 * | the image                                   | the VM is | → |
 * |---------------------------------------------|-----------|---|
 * | in order, not the VM's                      | any       | nothingToRepair |
 * | not in order                                | on        | imageInUse |
 * | not in order, out of reach                  | off       | filesOutOfReach |
 * | not in order                                | off       | repaired; QEMU's lock keeps off who has it open |
 */
function repairImages(files: readonly string[], facts: Facts): RepairSteps | RefusedDecision {
  const { vm, files: seen } = facts;
  const own = ownImages(facts);
  const [file] = files;
  const isBroken = (one: string): boolean => {
    const image = seen?.images.get(one);
    return own.has(one) && typeof image === 'object' && image.unclosed === true && image.corrupt !== true;
  };
  if (file === undefined || !files.every(isBroken)) {
    return refuse('nothingToRepair', { vm: vm.name });
  }
  if (vm.power !== 'off') {
    return refuse('imageInUse', { vm: vm.name, file });
  }
  const steps = closingSteps(files, facts);
  return 'kind' in steps ? steps : { kind: 'repair', steps };
}

function removeFiles(files: readonly string[], facts: Facts): RepairSteps | RefusedDecision {
  const orphans = new Set(orphanFiles(facts).map(({ file }) => file));
  const doubtful = files.find((file) => !orphans.has(file));
  if (doubtful !== undefined) {
    return refuse('fileNotOrphan', { vm: facts.vm.name, file: doubtful });
  }
  if (files.length === 0) {
    return refuse('nothingToRepair', { vm: facts.vm.name });
  }
  return (
    tagRefusal(files, facts) ??
    otherVmRefusal(files, facts, 'refuse') ??
    reachRefusal(files, facts) ??
    trashRefusal(files, facts) ?? {
      kind: 'repair',
      ...putAwayFiles(files, facts),
    }
  );
}

/** RAM of this VM that bears a name of ours is ours; of anything else it is not known who made it, and for what. */
function putAwayFiles(files: readonly string[], facts: Facts): Pick<RepairSteps, 'steps' | 'losses' | 'warnings'> {
  if (areOurs(files, facts)) {
    return { steps: [{ kind: 'removeFiles', files }], losses: [{ kind: 'files', files }] };
  }
  const folders = [...new Set(files.map((file) => `${folderOf(file)}/${trashFolder}`))];
  return { steps: [{ kind: 'trashFiles', files }], losses: [], warnings: [{ kind: 'goesToTrash', files, folders }] };
}

/** The doctor's list does not look into the files: the repair itself does. */
function areOurs(files: readonly string[], { vm, files: seen, savedRam }: Facts): boolean {
  const isRam = (file: string): boolean => {
    const saved = savedRam?.get(file);
    return typeof saved === 'object' && saved.uuid === vm.uuid;
  };
  return files.every((file) => isOurMemoryName(file, vm) && (seen?.canChange === undefined || isRam(file)));
}

/** Only the file system itself moves a file; libvirt would remove it. */
function trashRefusal(files: readonly string[], facts: Facts): RefusedDecision | undefined {
  const { canChange } = facts.files ?? {};
  // Not asked for the doctor's list: the repair itself asks.
  for (const file of canChange === undefined || areOurs(files, facts) ? [] : files) {
    const can = canChange?.get(file);
    if (can !== 'yes') {
      return refuse('filesOutOfReach', { folder: folderOf(file), why: can?.why ?? 'notLookedAt' });
    }
  }
  return undefined;
}

/** Where it is another disk altogether, somebody may have meant that. */
function configureDisks(facts: Facts): RepairSteps | RefusedDecision {
  const disks = divergentStarts(facts).filter(({ isSameDisk }) => isSameDisk);
  return disks.length === 0
    ? refuse('nothingToRepair', { vm: facts.vm.name })
    : {
        kind: 'repair',
        steps: [
          { kind: 'configureDisks', disks: disks.map(({ disk: target, file, format }) => ({ target, file, format })) },
        ],
      };
}

/**
 * The VM writes into what the snapshot froze. New overlays on those very files keep all that the VM has on its disks,
 * and end the damage; RAM is lost, as it may fit the one or the other.
 */
function leaveFrozenFiles(ref: OperationRequest['vm'], name: string, facts: Facts): RepairSteps | RefusedDecision {
  const { vm, tree } = facts;
  const snapshot = findSnapshot(tree, name);
  const wrong = snapshot === undefined ? undefined : frozenFileRefusal(snapshot, facts);
  if (snapshot === undefined || wrong === undefined) {
    return refuse('nothingToRepair', { vm: vm.name });
  }
  const way = planEmulatedRevert({ snapshot, end: 'off', vm: ref, why: wrong.refusal, stop: 'first' }, facts);
  if (way.kind === 'refusal') {
    return way;
  }
  const losses: readonly Loss[] = [
    ...(isActive(vm.power) ? [{ kind: 'ram' } as const] : []),
    ...(vm.managedSave ? [{ kind: 'managedSave' } as const] : []),
    { kind: 'configuration' },
    ...(way.removes.length === 0 ? [] : [{ kind: 'files', files: way.removes } as const]),
  ];
  return { kind: 'repair', steps: way.steps, removes: way.removes, losses, warnings: way.warnings };
}

function reachRefusal(files: readonly string[], facts: Facts): RefusedDecision | undefined {
  for (const folder of new Set(files.map(folderOf))) {
    const can = facts.files?.canAct.get(folder);
    if (can !== 'yes') {
      return refuse('filesOutOfReach', { folder, why: can?.why ?? 'notLookedAt' });
    }
  }
  return undefined;
}
