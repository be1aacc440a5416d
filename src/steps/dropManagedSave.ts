// RAM that was saved goes: the next start is a cold one.
import { withoutSave } from './changedFacts.js';
import { doneWhen, never, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const dropManagedSave: StepDefinition<'dropManagedSave'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => withoutSave(facts),
  isDone: (_, { vm }) => doneWhen(!vm.managedSave),
  byHand: (_, by) => [by.ofVm('managedsave-remove')],
  isHarmless: never,
  canBreakOff: false,
};
