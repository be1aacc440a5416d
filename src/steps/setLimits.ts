// The limits of a running VM's disks and networks.
import { hasLimits, limitsIn } from '../domain/speed.js';
import { always, doneWhen, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const setLimits: StepDefinition<'setLimits'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ to, from }, facts) =>
    facts.tuning === undefined ? facts : { ...facts, tuning: limitsIn(facts.tuning, to, from) },
  isDone: ({ to, from }, { tuning }) => (tuning === undefined ? 'unknown' : doneWhen(hasLimits(tuning, to, from))),
  // What has to be 0 depends on what is set by then.
  byHand: () => [],
  isHarmless: always,
  canBreakOff: true,
};
