// Takes the marks of a delete that was interrupted out of the metadata.
import { findSnapshot } from '../domain/snapshotTree.js';
import { changedSnapshot } from './changedTree.js';
import { always, doneWhen, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const clearUnfinishedDelete: StepDefinition<'clearUnfinishedDelete'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot }, facts) =>
    changedSnapshot(facts, snapshot, (one) => ({
      ...one,
      disks: one.disks.map((disk) => ({ ...disk, deleteInProgress: false })),
    })),
  isDone: ({ snapshot }, { tree }) =>
    doneWhen(findSnapshot(tree, snapshot)?.disks.every((disk) => !disk.deleteInProgress) !== false),
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};
