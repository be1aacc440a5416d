// New overlays, on which nobody stands yet.
import { withOverlay } from './changedFacts.js';
import { doneWhen, never, noLayers, type StepDefinition } from './stepDefinition.js';

export const createOverlays: StepDefinition<'createOverlays'> = {
  touches: ({ overlays }) => ({
    images: overlays.flatMap(({ file, backing }) => [file, backing]),
    made: overlays.map(({ file }) => file),
  }),
  /** On whatever is there: it is the step that goes back to a snapshot which takes that for what it was. */
  layers: noLayers,
  apply: ({ overlays }, facts) => overlays.reduce(withOverlay, facts),
  isDone: ({ overlays }, { files }) =>
    doneWhen(
      overlays.every(({ file, backing }) => {
        const image = files?.images.get(file);
        return typeof image === 'object' && image.backing?.file === backing;
      }),
    ),
  byHand: ({ overlays }) =>
    overlays.map(({ file, backing, backingFormat }) => [
      'qemu-img',
      'create',
      '-f',
      'qcow2',
      '-F',
      backingFormat,
      '-b',
      backing,
      file,
    ]),
  isHarmless: never,
  canBreakOff: true,
};
