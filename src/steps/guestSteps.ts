// What the guest agent is asked for, of which nothing is known here afterwards. The operation is good without.
import { always, cannotTell, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const thawGuest: StepDefinition<'thawGuest'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => facts,
  isDone: cannotTell,
  byHand: (_, by) => [by.ofVm('domfsthaw')],
  isHarmless: always,
  canBreakOff: false,
};

export const setGuestClock: StepDefinition<'setGuestClock'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => facts,
  isDone: cannotTell,
  byHand: (_, by) => [by.ofVm('domtime', '--sync')],
  isHarmless: always,
  canBreakOff: false,
};
