// Decides how the doctor's repairs are done. Each is looked at afresh here: what is not wrong is not mended, and nothing
// is removed of which it is not certain that nobody needs it.
import { lostQemu } from '../../domain/chains/lostQemu.js';
import { tagObstacle } from '../../domain/chains/lostTags.js';
import { isOurMemoryName } from '../../domain/chains/memoryFiles.js';
import { orphanFiles, orphanTags, ownImages } from '../../domain/chains/orphans.js';
import { otherVmObstacle } from '../../domain/chains/otherVms.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import { startsElsewhere } from '../../domain/chains/startsElsewhere.js';
import type { Loss } from '../../domain/consequences.js';
import { trashFolder } from '../../domain/hostFiles.js';
import type { OperationRequest, Repair } from '../../domain/operation.js';
import { type Refused, refuse } from '../../domain/refusal.js';
import type { Situation } from '../../domain/situation.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { isActive, isPausedToBeSaved } from '../../domain/vm.js';
import { beginsWithMerge, withoutLocks } from '../delete/mergeAgain.js';
import { planFinishDelete } from '../delete/planFinishDelete.js';
import { repairObstacle } from '../diskObstacles.js';
import { frozenFileObstacle, inUseObstacle, readOnlyObstacle, unsteadyObstacle } from '../obstacles.js';
import type { Decision } from '../plan.js';
import { planKeepDisks } from './planKeepDisks.js';
import { planForget, planMakeCurrent } from './planMetadataRepair.js';
import type { Mending } from './repairSteps.js';
import { planEmulatedRevert } from '../revert/planEmulatedRevert.js';

type RepairRequest = Extract<OperationRequest, { kind: 'repair' }>;

export function planRepair(request: RepairRequest, situation: Situation): Decision {
  const { vm, capabilities } = situation;
  const obstacle =
    readOnlyObstacle(vm, capabilities, 'repair') ??
    (capabilities.driver === 'qemu'
      ? undefined
      : refuse('driverCannot', { driver: capabilities.driver, action: 'repair' })) ??
    goneObstacle(request.repair, situation);
  const mended =
    obstacle ??
    repairObstacle(request.repair, situation) ??
    mergedAgain(request, situation) ??
    waitObstacle(request.repair, situation) ??
    mend(request, situation);
  if (mended.kind === 'refusal') {
    return mended;
  }
  const { repair } = request;
  return {
    kind: 'plan',
    request,
    steps: mended.steps,
    losses: mended.losses ?? [],
    warnings: mended.warnings ?? [],
    progress: mended.progress ?? 'timeOnly',
    ...('snapshot' in repair ? { snapshot: repair.snapshot } : {}),
  };
}

function goneObstacle(repair: Repair, { vm, tree }: Situation): Refused | undefined {
  return 'snapshot' in repair && findSnapshot(tree, repair.snapshot) === undefined
    ? refuse('snapshotMissing', { vm: vm.name, snapshot: repair.snapshot })
    : undefined;
}

/** QEMU may stand below already: where it does, it refuses this merge, and nothing has happened. */
function mergedAgain(request: RepairRequest, situation: Situation): Mending | undefined {
  const lost = request.repair.kind === 'finishDelete' ? lostQemu(situation) : undefined;
  if (lost === undefined) {
    return undefined;
  }
  const unlocked = withoutLocks(situation);
  const mended = waitObstacle(request.repair, unlocked) ?? mend(request, unlocked);
  return mended.kind === 'mending' && beginsWithMerge(mended.steps, lost, situation) ? mended : undefined;
}

/** Thawing and resuming are for VMs in which something is stuck; everything else waits until nothing is under way. */
function waitObstacle(repair: Repair, situation: Situation): Refused | undefined {
  return repair.kind === 'thawGuest' || repair.kind === 'resumeAfterSave'
    ? undefined
    : (unsteadyObstacle(situation.vm, 'delete') ?? inUseObstacle(situation));
}

function mend(request: RepairRequest, situation: Situation): Mending | Refused {
  const { repair } = request;
  const { vm } = situation;
  switch (repair.kind) {
    case 'removeTag':
      return removeTag(repair, situation);
    case 'removeFiles':
      return removeFiles(repair.files, situation);
    case 'forgetSnapshot':
      return planForget(repair.snapshot, situation);
    case 'keepDisks':
      return planKeepDisks(repair.snapshot, situation);
    case 'finishDelete':
      return planFinishDelete(request.vm, repair.snapshot, situation);
    case 'makeCurrent':
      return planMakeCurrent(request.vm, repair.snapshot, situation);
    case 'leaveFrozenFiles':
      return leaveFrozenFiles(request.vm, repair.snapshot, situation);
    case 'keepVm':
      return vm.persistent
        ? refuse('nothingToRepair', { vm: vm.name })
        : { kind: 'mending', steps: [{ kind: 'makePersistent' }] };
    case 'configureDisks':
      return configureDisks(situation);
    case 'resumeAfterSave':
      if (vm.savedNow === true) {
        return refuse('unfinishedSave', { vm: vm.name, action: 'resume' });
      }
      return isPausedToBeSaved(vm)
        ? { kind: 'mending', steps: [{ kind: 'power', action: 'resume' }] }
        : refuse('nothingToRepair', { vm: vm.name });
    case 'thawGuest':
      return situation.agent === 'frozen'
        ? { kind: 'mending', steps: [{ kind: 'thawGuest' }] }
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
  situation: Situation,
): Mending | Refused {
  const { vm } = situation;
  const elsewhere = otherVmObstacle([file], situation, 'refuse');
  if (elsewhere !== undefined) {
    return elsewhere;
  }
  if (!orphanTags(situation).some((orphan) => orphan.file === file && orphan.tag === tag)) {
    return refuse('nothingToRepair', { vm: vm.name });
  }
  if (isActive(vm.power) && ownImages(situation).has(file)) {
    return refuse('imageInUse', { vm: vm.name, file });
  }
  return (
    reachObstacle([file], situation) ?? {
      kind: 'mending',
      steps: [{ kind: 'removeTag', file, tag }],
      losses: [{ kind: 'restorePoints', names: [tag] }],
    }
  );
}

function removeFiles(files: readonly string[], situation: Situation): Mending | Refused {
  const orphans = new Set(orphanFiles(situation).map(({ file }) => file));
  const doubtful = files.find((file) => !orphans.has(file));
  if (doubtful !== undefined) {
    return refuse('fileNotOrphan', { vm: situation.vm.name, file: doubtful });
  }
  if (files.length === 0) {
    return refuse('nothingToRepair', { vm: situation.vm.name });
  }
  return (
    tagObstacle(files, situation) ??
    otherVmObstacle(files, situation, 'refuse') ??
    reachObstacle(files, situation) ??
    trashObstacle(files, situation) ?? {
      kind: 'mending',
      ...puttingAway(files, situation),
    }
  );
}

/** RAM of this VM that bears a name of ours is ours; of an overlay it is not known who made it, and for what. */
function puttingAway(files: readonly string[], situation: Situation): Pick<Mending, 'steps' | 'losses' | 'warnings'> {
  if (areOurs(files, situation)) {
    return { steps: [{ kind: 'removeFiles', files }], losses: [{ kind: 'files', files }] };
  }
  const folders = [...new Set(files.map((file) => `${folderOf(file)}/${trashFolder}`))];
  return { steps: [{ kind: 'trashFiles', files }], losses: [], warnings: [{ kind: 'goesToTrash', files, folders }] };
}

function areOurs(files: readonly string[], { vm }: Situation): boolean {
  return files.every((file) => isOurMemoryName(file, vm));
}

/** Only the file system itself moves a file; libvirt would remove it. */
function trashObstacle(files: readonly string[], situation: Situation): Refused | undefined {
  const { canChange } = situation.files ?? {};
  // Not asked for the doctor's list: whoever carries it out asks.
  for (const file of canChange === undefined || areOurs(files, situation) ? [] : files) {
    const can = canChange?.get(file);
    if (can !== 'yes') {
      return refuse('filesOutOfReach', { folder: folderOf(file), why: can?.why ?? 'notLookedAt' });
    }
  }
  return undefined;
}

/** Where it is another disk altogether, somebody may have meant that. */
function configureDisks(situation: Situation): Mending | Refused {
  const disks = startsElsewhere(situation).filter(({ isSameDisk }) => isSameDisk);
  return disks.length === 0
    ? refuse('nothingToRepair', { vm: situation.vm.name })
    : {
        kind: 'mending',
        steps: [
          { kind: 'configureDisks', disks: disks.map(({ disk: target, file, format }) => ({ target, file, format })) },
        ],
      };
}

/**
 * The VM writes into what the snapshot froze. New overlays on those very files keep all that the VM has on its disks,
 * and end the damage; RAM is lost, as it may fit the one or the other.
 */
function leaveFrozenFiles(ref: OperationRequest['vm'], name: string, situation: Situation): Mending | Refused {
  const { vm, tree } = situation;
  const snapshot = findSnapshot(tree, name);
  const wrong = snapshot === undefined ? undefined : frozenFileObstacle(snapshot, situation);
  if (snapshot === undefined || wrong === undefined) {
    return refuse('nothingToRepair', { vm: vm.name });
  }
  const way = planEmulatedRevert({ snapshot, end: 'off', vm: ref, why: wrong.refusal, stop: 'first' }, situation);
  if (way.kind === 'refusal') {
    return way;
  }
  const losses: readonly Loss[] = [
    ...(isActive(vm.power) ? [{ kind: 'ram' } as const] : []),
    ...(vm.managedSave ? [{ kind: 'managedSave' } as const] : []),
    { kind: 'configuration' },
    ...way.losses,
  ];
  return { kind: 'mending', steps: way.steps, losses, warnings: way.warnings };
}

function reachObstacle(files: readonly string[], situation: Situation): Refused | undefined {
  for (const folder of new Set(files.map(folderOf))) {
    const can = situation.files?.canAct.get(folder);
    if (can !== 'yes') {
      return refuse('filesOutOfReach', { folder, why: can?.why ?? 'notLookedAt' });
    }
  }
  return undefined;
}
