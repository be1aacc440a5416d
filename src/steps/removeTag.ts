// An internal snapshot goes out of an image that nobody uses.
import type { ImageFacts } from '../domain/hostFiles.js';
import { withImage } from './changedFacts.js';
import { cannotTell, never, type StepDefinition } from './stepDefinition.js';

export const removeTag: StepDefinition<'removeTag'> = {
  touches: ({ file }) => ({ images: [file] }),
  layers: ({ file }) => ({ writes: [file] }),
  apply: ({ file, tag }, facts) => {
    const image = facts.files?.images.get(file);
    return typeof image === 'object' ? withImage(facts, file, withoutTag(image, tag)) : facts;
  },
  isDone: cannotTell,
  byHand: ({ file, tag }) => [['qemu-img', 'snapshot', '-d', tag, file]],
  isHarmless: never,
  canBreakOff: true,
};

export function withoutTag(image: ImageFacts, tag: string): ImageFacts {
  const { tags, tagIds, ramTags, unchangedSince } = image;
  const others = (all: readonly string[]): readonly string[] => all.filter((one) => one !== tag);
  return {
    ...image,
    ...(tags === undefined ? {} : { tags: others(tags) }),
    ...(tags === undefined || tagIds === undefined ? {} : { tagIds: tagIds.filter((_, index) => tags[index] !== tag) }),
    ...(ramTags === undefined ? {} : { ramTags: others(ramTags) }),
    ...(unchangedSince === undefined ? {} : { unchangedSince: others(unchangedSince) }),
  };
}
