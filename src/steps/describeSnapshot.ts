// A snapshot's title, notes and trailers.
import { parseDescription } from '../domain/description.js';
import { changedSnapshot } from './changedTree.js';
import { always, cannotTell, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const describeSnapshot: StepDefinition<'describeSnapshot'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (step, facts) =>
    changedSnapshot(facts, step.snapshot, (one) => {
      const { trailers, text: description } = parseDescription(step.description);
      return { ...one, title: trailers.title ?? one.name, description, trailers };
    }),
  isDone: cannotTell,
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};
