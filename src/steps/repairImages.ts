// Images whose last writer died are repaired; what the guest sees of them stays as it is.
import type { ImageFacts } from '../domain/hostFiles.js';
import { withImage } from './changedFacts.js';
import { always, doneWhen, type StepDefinition } from './stepDefinition.js';

export const repairImages: StepDefinition<'repairImages'> = {
  touches: ({ files }) => ({ images: files }),
  layers: ({ files }) => ({ writes: files }),
  apply: ({ files }, facts) =>
    files.reduce((at, file) => {
      const image = at.files?.images.get(file);
      return typeof image === 'object' ? withImage(at, file, withoutMark(image)) : at;
    }, facts),
  isDone: ({ files }, facts) => {
    const images = files.map((file) => facts.files?.images.get(file));
    return images.every((image) => typeof image === 'object')
      ? doneWhen(images.every((image) => image.unclosed !== true))
      : 'unknown';
  },
  byHand: ({ files }) => files.map((file) => ['qemu-img', 'check', '-r', 'all', '-f', 'qcow2', file]),
  isHarmless: always,
  canBreakOff: true,
};

function withoutMark({ unclosed: _, ...image }: ImageFacts): ImageFacts {
  return image;
}
