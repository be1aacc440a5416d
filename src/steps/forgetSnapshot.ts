// Metadata only: nothing happens to any file.
import { findSnapshot } from '../domain/snapshotTree.js';
import { forgetSnapshotIn } from './changedTree.js';
import { doneWhen, never, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const forgetSnapshot: StepDefinition<'forgetSnapshot'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot }, facts) => forgetSnapshotIn(snapshot, facts),
  isDone: ({ snapshot }, { tree }) => doneWhen(findSnapshot(tree, snapshot) === undefined),
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-delete', snapshot, '--metadata')],
  isHarmless: never,
  canBreakOff: false,
};
