// A managed save's RAM comes back, which uses it up, and nothing runs.
import { isActive } from '../domain/vm.js';
import { changePower, withoutSave } from './changedFacts.js';
import { doneWhen, never, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const startPaused: StepDefinition<'startPaused'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => withoutSave(changePower('paused', facts)),
  isDone: (_, { vm }) => doneWhen(isActive(vm.power) && !vm.managedSave),
  byHand: (_, by) => [by.ofVm('start', '--paused')],
  isHarmless: never,
  canBreakOff: false,
};
