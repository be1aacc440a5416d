// Whether what a step does is so already, as far as the present tells: the journal knows that a step was begun, and the
// daemon may have died before it, in it, or right after it. Decides nothing.
import { backingFileOf, wholeChain } from '../domain/chains/fileUse.js';
import type { PowerAction } from '../domain/operation.js';
import type { CommittedDisk, Step, TargetFile } from './step.js';
import type { Facts } from '../domain/facts.js';
import { findSnapshot, parentOf } from '../domain/snapshotTree.js';
import { isActive } from '../domain/vm.js';

/** `open`: it cannot be told, or it does no harm to do it again. */
export type Effect = 'there' | 'absent' | 'open';

/**
 * | step                          | there when                                                       |
 * |-------------------------------|------------------------------------------------------------------|
 * | createSnapshot, redefineAs    | a snapshot has the name                                          |
 * | adoptSnapshot                 | the same                                                        |
 * | deleteSnapshot, forgetSnapshot | none has                                                        |
 * | reparent                      | it has that parent                                               |
 * | power                         | the VM is active, for start and resume; off, for forceOff        |
 * | startPaused                   | the VM is active, and no managed save is left                    |
 * | dropManagedSave               | none is there                                                    |
 * | createOverlays                | each file is there, on that very file                            |
 * | defineFromSnapshot            | each disk of the VM stands on its file, or on an overlay of that |
 * | makeCurrent                   | it is current, and names those files                             |
 * | restoreMemory                 | the VM is active on those files                                  |
 * | nameFrozenFiles               | it names those files                                             |
 * | clearUnfinishedDelete         | no disk of it is marked                                          |
 * | blockCommit, commitImages     | each disk is its base                                            |
 * | configureDisks                | the VM starts with those files                                   |
 * | makePersistent                | the VM is no transient one                                       |
 * | removeFiles, trashFiles       | all are missing for certain                                      |
 * | revert, describeSnapshot, copyFile, … | open                                                     |
 */
export function effectOf(step: Step, facts: Facts): Effect {
  const { vm, tree, files } = facts;
  const told = (isSo: boolean): Effect => (isSo ? 'there' : 'absent');
  switch (step.kind) {
    case 'createSnapshot':
    case 'redefineAs':
      return told(findSnapshot(tree, step.name) !== undefined);
    case 'adoptSnapshot':
      return told(findSnapshot(tree, step.made.name) !== undefined);
    case 'deleteSnapshot':
    case 'forgetSnapshot':
      return told(findSnapshot(tree, step.snapshot) === undefined);
    case 'reparent':
      return told(parentOf(tree, step.snapshot)?.name === step.parent);
    case 'power':
      return powerEffect(step.action, facts);
    case 'startPaused':
      return told(isActive(vm.power) && !vm.managedSave);
    case 'dropManagedSave':
      return told(!vm.managedSave);
    case 'createOverlays':
      return told(
        step.overlays.every(({ file, backing }) => {
          const image = files?.images.get(file);
          return typeof image === 'object' && image.backing?.file === backing;
        }),
      );
    case 'defineFromSnapshot':
      return told(standsOn(step.disks, facts));
    case 'makeCurrent': {
      const disks = findSnapshot(tree, step.snapshot)?.disks ?? [];
      const named = (step.disks ?? []).every(({ target, file }) =>
        disks.some((disk) => disk.target === target && disk.file === file),
      );
      return told(tree.current === step.snapshot && named);
    }
    case 'restoreMemory':
      return told(isActive(vm.power) && standsOn(step.disks, facts));
    case 'nameFrozenFiles':
      return told(step.disks.every(({ target, file }) => backingFileOf(facts, step.snapshot, target) === file));
    case 'clearUnfinishedDelete':
      return told(findSnapshot(tree, step.snapshot)?.disks.every((disk) => !disk.deleteInProgress) !== false);
    case 'configureDisks':
      return told(
        step.disks.every(({ target, file }) =>
          facts.configured?.some((disk) => disk.target === target && disk.source === file),
        ),
      );
    case 'makePersistent':
      return told(vm.persistent);
    case 'removeFiles':
    case 'trashFiles':
      return told(step.files.every((file) => isMissing(file, facts)));
    case 'blockCommit':
      return told(standsJustOn([step], facts));
    case 'commitImages':
      return told(standsJustOn(step.disks, facts));
    case 'revert':
    case 'describeSnapshot':
    case 'waitUntil':
    case 'removeTag':
    case 'copyFile':
    case 'thawGuest':
    case 'setGuestClock':
      return 'open';
  }
}

function powerEffect(action: PowerAction, { vm }: Facts): Effect {
  switch (action) {
    case 'start':
    case 'resume':
      return isActive(vm.power) ? 'there' : 'absent';
    case 'forceOff':
    case 'shutDown':
      return vm.power === 'off' ? 'there' : 'absent';
    case 'pause':
      return vm.power === 'paused' ? 'there' : 'absent';
    case 'restart':
      return 'open';
  }
}

/** Each of these disks of the VM is its base, and nothing above it. */
export function standsJustOn(disks: readonly CommittedDisk[], { vm }: Facts): boolean {
  return disks.every(({ target, base }) => vm.disks.some((disk) => disk.target === target && disk.source === base));
}

/** The VM's disks are these files, or overlays of them. */
export function standsOn(disks: readonly TargetFile[], facts: Facts): boolean {
  return disks.every(({ target, file }) => {
    const disk = facts.vm.disks.find((one) => one.target === target);
    return disk !== undefined && wholeChain(disk, facts).includes(file);
  });
}

export function isThere(file: string, { files }: Facts): boolean {
  return typeof files?.images.get(file) === 'object' || typeof files?.files.get(file) === 'object';
}

/** For certain. */
export function isMissing(file: string, { files }: Facts): boolean {
  return (files?.images.get(file) ?? files?.files.get(file)) === 'missing';
}
