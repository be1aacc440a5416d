// Time passes: libvirt names overlays by the second.
import { always, cannotTell, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const waitUntil: StepDefinition<'waitUntil'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ second }, facts) => ({ ...facts, now: Math.max(facts.now, (second + 1) * 1_000) }),
  isDone: cannotTell,
  byHand: () => [['sleep', '1']],
  isHarmless: always,
  canBreakOff: false,
};
