// Every kind of step, each with what there is to know of it. The matching record of runners is in
// driver/run/runStep.ts.
import { imageChain } from '../domain/chains/backingChain.js';
import type { LayersUsed } from '../domain/chains/frozenLayers.js';
import type { Facts } from '../domain/facts.js';
import { blockCommit, commitImages } from './commits.js';
import {
  configureDisks,
  defineFromSnapshot,
  adoptSnapshot,
  redefineAs,
  describeSnapshot,
  reparent,
  makeCurrent,
  forgetSnapshot,
  clearUnfinishedDelete,
  redefineFrozenDisks,
  redefineBackingChain,
} from './definitionSteps.js';
import { copyImages, defineClone, discardClone, restoreClone, undoClone, writeSeed } from './cloneSteps.js';
import { copyFile, createOverlays, removeFiles, trashFiles, removeTag, repairImages } from './fileSteps.js';
import { addDisk, growDisk, removeDisk } from './diskSteps.js';
import { createSnapshot } from './createSnapshot.js';
import { deleteSnapshot } from './deleteSnapshot.js';
import { nameMovedFiles, rebaseOverlay } from './movedFiles.js';
import {
  power,
  startPaused,
  waitUntil,
  restoreMemory,
  abortBackgroundSave,
  dropManagedSave,
  makePersistent,
  setGuestClock,
  thawGuest,
  setLimits,
  closeDebugger,
} from './vmSteps.js';
import { revert } from './revert.js';
import type { Step } from './step.js';
import type { DoneVerdict, StepDefinition, TouchedFiles } from './stepDefinition.js';

const steps: { readonly [K in Step['kind']]: StepDefinition<K> } = {
  addDisk,
  adoptSnapshot,
  blockCommit,
  clearUnfinishedDelete,
  closeDebugger,
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
  power,
  rebaseOverlay,
  redefineAs,
  removeDisk,
  removeFiles,
  removeTag,
  repairImages,
  reparent,
  restoreClone,
  restoreMemory,
  revert,
  setGuestClock,
  setLimits,
  startPaused,
  tellLayers: redefineBackingChain,
  thawGuest,
  trashFiles,
  undoClone,
  waitUntil,
  writeSeed,
};

/** The compiler does not see that the row of a step's own kind takes that step. */
export function definitionOf({ kind }: Step): StepDefinition<Step['kind']> {
  return steps[kind] as StepDefinition<Step['kind']>;
}

/** What is known once the step is done. */
export function apply(step: Step, facts: Facts): Facts {
  return definitionOf(step).apply(step, facts);
}

/** What is known once they are done, one after another. */
export function applyAll(all: readonly Step[], facts: Facts): Facts {
  return all.reduce((at, step) => apply(step, at), facts);
}

export function isDone(step: Step, facts: Facts): DoneVerdict {
  return definitionOf(step).isDone(step, facts);
}

/**
 * What they do to layers of disks, one after another: what is taken in with all that is below, for an overlay holds no
 * more than what differs from that.
 */
export function layersUsedBy(all: readonly Step[], facts: Facts): LayersUsed {
  const [read, written, givenUp] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let at = facts;
  for (const step of all) {
    const { reads = [], writes = [], givesUp = [] } = definitionOf(step).layers(step, at);
    for (const file of reads) {
      imageChain(file, at.files?.images).files.forEach((one) => read.add(one));
    }
    writes.forEach((file) => written.add(file));
    givesUp.forEach((file) => givenUp.add(file));
    at = apply(step, at);
  }
  return { read, written, givenUp };
}

export function touchedFilesOf(step: Step): TouchedFiles {
  return definitionOf(step).touches(step);
}
