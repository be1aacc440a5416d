// A snapshot gets another parent; without one it is a root.
import { parentOf } from '../domain/snapshotTree.js';
import { reparentSnapshot, changedSnapshot } from './changedTree.js';
import { always, doneWhen, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const reparent: StepDefinition<'reparent'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot, parent }, facts) => changedSnapshot(facts, snapshot, (one) => reparentSnapshot(one, parent)),
  isDone: ({ snapshot, parent }, { tree }) => doneWhen(parentOf(tree, snapshot)?.name === parent),
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};
