// Steps on files that no VM has open.
import { folderOf } from '../domain/chains/overlayFiles.js';
import { withFiles, withOverlay, withoutFile, withImage } from './changedFacts.js';
import {
  cannotTell,
  never,
  noLayers,
  type StepDefinition,
  doneWhen,
  type DoneVerdict,
  type LayerUse,
  type TouchedFiles,
  always,
} from './stepDefinition.js';
import { isMissing } from '../domain/chains/standsOn.js';
import type { Facts } from '../domain/facts.js';
import { isUnnamedPart, trashFolder, type ImageFacts } from '../domain/hostFiles.js';

/** UEFI variables or the TPM's state beside the original, or back. */
export const copyFile: StepDefinition<'copyFile'> = {
  touches: ({ from, to, existing }) => ({ files: [from, to], made: existing === 'keep' ? [to] : [] }),
  layers: noLayers,
  apply: ({ from, to, existing }, facts) => {
    const { files } = facts.files ?? {};
    const [source, there] = [files?.get(from), files?.get(to)];
    return existing === 'keep' && typeof there === 'object'
      ? facts
      : withFiles(facts, new Map([[to, typeof source === 'object' ? source : { bytes: 0, allocatedBytes: 0 }]]));
  },
  isDone: cannotTell,
  byHand: ({ from, to, existing, folders }) => [
    ...(folders === undefined ? [] : [['mkdir', '-p', '--', folderOf(to)] as const]),
    ['cp', existing === 'keep' ? '-n' : '-f', '--', from, to],
  ],
  isHarmless: never,
  canBreakOff: true,
};

/** New overlays, on which nobody stands yet. */
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

/** Files that nobody needs go: for good, or into a folder beside each, from which it can be had back. */
interface RemovedFiles {
  readonly files: readonly string[];
}

const goes = {
  touches: ({ files }: RemovedFiles): TouchedFiles => ({
    // Overlays go only where they are known to be empty; RAM is no image.
    images: files.filter((file) => !file.endsWith('.mem')),
    files,
  }),
  layers: ({ files }: RemovedFiles): LayerUse => ({ givesUp: files }),
  apply: ({ files }: RemovedFiles, facts: Facts): Facts => files.reduce(withoutFile, facts),
  isDone: ({ files }: RemovedFiles, facts: Facts): DoneVerdict =>
    doneWhen(files.every((file) => isMissing(file, facts))),
  canBreakOff: true,
};

export const removeFiles: StepDefinition<'removeFiles'> = {
  ...goes,
  byHand: ({ files }) => (files.length === 0 ? [] : [['rm', '--', ...files]]),
  isHarmless: ({ files }, made) => files.every((file) => made.has(file) || isUnnamedPart(file)),
};

export const trashFiles: StepDefinition<'trashFiles'> = {
  ...goes,
  byHand: ({ files }) =>
    files.flatMap((file) => {
      const trash = `${file.slice(0, file.lastIndexOf('/'))}/${trashFolder}`;
      return [
        ['mkdir', '-p', '-m', '700', '--', trash],
        ['mv', '-n', '--', file, `${trash}/`],
      ];
    }),
  isHarmless: never,
};

/** An internal snapshot goes out of an image that nobody uses. */
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

/** Images whose last writer died are repaired; what the guest sees of them stays as it is. */
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
