// Which part of this room carries out which step. Knows nothing of plans.
import type { Step } from '../../steps/step.js';
import { thawGuest } from './guestAgent.js';
import { setGuestClock } from './guestClock.js';
import type { StepOutcome } from '../hypervisor.js';
import { adoptSnapshot } from './adoptSnapshot.js';
import { commitImages } from './runCommitImagesStep.js';
import { blockCommit } from './runCommitStep.js';
import { configureDisks, defineFromSnapshot, makePersistent } from './runDefineStep.js';
import { copyFile, createOverlays, removeFiles, removeTag, requireUnnamed, trashFiles } from './runFileStep.js';
import { runPowerAction } from './runPowerStep.js';
import {
  clearUnfinishedDelete,
  describeSnapshot,
  forgetSnapshot,
  makeCurrent,
  nameFrozenFiles,
  redefineAs,
  reparent,
} from './runRedefineStep.js';
import { createSnapshot, deleteSnapshot, revert } from './runSnapshotStep.js';
import { dropManagedSave, restoreMemory, startPaused } from './runStartStep.js';
import type { StepContext } from './stepContext.js';
import { waitUntil } from './waitStep.js';

export async function runStep(context: StepContext, step: Step): Promise<StepOutcome> {
  if (step.kind === 'createSnapshot') {
    return createSnapshot(context, step);
  }
  await act(context, step);
  return {};
}

function act(context: StepContext, step: Exclude<Step, { kind: 'createSnapshot' }>): Promise<void> {
  switch (step.kind) {
    case 'revert':
      return revert(context, step);
    case 'deleteSnapshot':
      return deleteSnapshot(context, step);
    case 'describeSnapshot':
      return describeSnapshot(context, step);
    case 'makeCurrent':
      return makeCurrent(context, step);
    case 'adoptSnapshot':
      return adoptSnapshot(context, step);
    case 'redefineAs':
      return redefineAs(context, step);
    case 'reparent':
      return reparent(context, step);
    case 'nameFrozenFiles':
      return nameFrozenFiles(context, step);
    case 'clearUnfinishedDelete':
      return clearUnfinishedDelete(context, step);
    case 'forgetSnapshot':
      return forgetSnapshot(context, step);
    case 'defineFromSnapshot':
      return defineFromSnapshot(context, step);
    case 'configureDisks':
      return configureDisks(context, step);
    case 'makePersistent':
      return makePersistent(context);
    case 'power':
      return runPowerAction(context, step.action);
    case 'startPaused':
      return startPaused(context);
    case 'dropManagedSave':
      return dropManagedSave(context);
    case 'restoreMemory':
      return restoreMemory(context, step);
    case 'waitUntil':
      return waitUntil(step.second, context.signal);
    case 'createOverlays':
      return createOverlays(context, step);
    case 'removeFiles':
      return requireUnnamed(context, step).then(() => removeFiles(context, step));
    case 'trashFiles':
      return requireUnnamed(context, step).then(() => trashFiles(context, step));
    case 'blockCommit':
      return blockCommit(context, step);
    case 'commitImages':
      return commitImages(context, step);
    case 'removeTag':
      return removeTag(context, step);
    case 'copyFile':
      return copyFile(context, step);
    case 'thawGuest':
      return thawGuest(context);
    case 'setGuestClock':
      return setGuestClock(context, context.log, { onThisHost: context.onThisHost, after: 'revert' });
  }
}
