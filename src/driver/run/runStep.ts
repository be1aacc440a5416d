// Which part of this room carries out which step: the record that matches steps/steps.ts.
import type { Step } from '../../steps/step.js';
import type { StepOf } from '../../steps/stepDefinition.js';
import { thawGuest } from './guestAgent.js';
import { setGuestClockStep } from './guestClock.js';
import type { StepOutcome } from '../hypervisor.js';
import { adoptSnapshot } from './adoptSnapshot.js';
import { commitImages } from './runCommitImagesStep.js';
import { copyImages, defineClone, discardClone, restoreClone, undoClone, writeSeed } from './runForkSteps.js';
import { closeDebugger } from './debugServer.js';
import { blockCommit } from './runCommitStep.js';
import {
  copyFile,
  createOverlays,
  rebaseOverlay,
  removeFiles,
  removeTag,
  repairImages,
  requireUnnamed,
  trashFiles,
} from './runFileStep.js';
import { abortBackgroundSave } from './monitor.js';
import { addDisk, growDisk, removeDisk } from './runDiskStep.js';
import { closeChains, closesAfter, closesBefore } from './openChains.js';
import { dropManagedSave, restoreMemory, runPowerAction, startPaused } from './runPowerStep.js';
import {
  clearUnfinishedDelete,
  configureDisks,
  defineFromSnapshot,
  describeSnapshot,
  forgetSnapshot,
  makeCurrent,
  makePersistent,
  redefineFrozenDisks,
  nameMovedFiles,
  redefineAs,
  reparent,
  redefineBackingChain,
} from './runRedefineStep.js';
import { deleteSnapshot, revert, waitUntil } from './runSnapshotStep.js';
import { createSnapshot } from './runCreateStep.js';
import { setLimits } from './diskLimits.js';
import type { StepContext } from './stepContext.js';

type Runner<K extends Step['kind']> = (
  context: StepContext,
  step: StepOf<K>,
) => K extends 'createSnapshot' | 'setGuestClock' ? Promise<StepOutcome> : Promise<void>;

const runners: { readonly [K in Step['kind']]: Runner<K> } = {
  addDisk,
  adoptSnapshot,
  blockCommit,
  clearUnfinishedDelete,
  closeDebugger: ({ connection, vm }) => closeDebugger(connection, vm.uuid),
  commitImages,
  configureDisks,
  copyFile,
  copyImages,
  createOverlays,
  createSnapshot,
  defineClone,
  defineFromSnapshot,
  deleteSnapshot,
  describeSnapshot,
  discardClone,
  dropManagedSave,
  endStream: abortBackgroundSave,
  forgetSnapshot,
  growDisk,
  makeCurrent,
  makePersistent,
  nameFrozenFiles: redefineFrozenDisks,
  nameMovedFiles,
  rebaseOverlay,
  power: (context, step) => runPowerAction(context, step.action),
  redefineAs,
  removeDisk,
  removeFiles: (context, step) => requireUnnamed(context, step).then(() => removeFiles(context, step)),
  removeTag,
  repairImages,
  reparent,
  restoreClone,
  restoreMemory,
  revert,
  setGuestClock: setGuestClockStep,
  setLimits,
  startPaused,
  tellLayers: redefineBackingChain,
  thawGuest,
  trashFiles: (context, step) => requireUnnamed(context, step).then(() => trashFiles(context, step)),
  undoClone,
  waitUntil: (context, step) => waitUntil(step.second, context.signal),
  writeSeed,
};

export async function runStep(context: StepContext, step: Step): Promise<StepOutcome> {
  // The compiler does not see that the runner of a step's own kind takes that step.
  const run = runners[step.kind] as Runner<Step['kind']>;
  if (closesBefore(step)) {
    await closeChains(context);
  }
  const outcome = (await run(context, step)) ?? {};
  if (closesAfter(step, context.vm)) {
    await closeChains(context);
  }
  return outcome;
}
