// Files that nobody needs go: for good, or into a folder beside each, from which it can be had back.
import { isMissing } from '../domain/chains/standsOn.js';
import type { Facts } from '../domain/facts.js';
import { isUnnamedPart, trashFolder } from '../domain/hostFiles.js';
import { withoutFile } from './changedFacts.js';
import {
  type DoneVerdict,
  doneWhen,
  type LayerUse,
  never,
  type StepDefinition,
  type TouchedFiles,
} from './stepDefinition.js';

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
