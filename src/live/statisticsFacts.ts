// What a sweep asks of each VM's statistics: whether they say the same as before, and a few facts, made once. Pure.
import { folderOf } from '../domain/chains/overlayFiles.js';
import type { VmStatistics } from '../domain/diskStatistics.js';

export function hasOverlay({ layers }: VmStatistics): boolean {
  return new Set(layers.map(({ target }) => target)).size < layers.length;
}

/** Paths hold no character of the number 0. */
export const chainsOf = onceEach(({ layers }: VmStatistics): string =>
  layers.map(({ target, file = '' }) => `${target}\0${file}`).join('\0'),
);

export const foldersOf = onceEach(({ layers }: VmStatistics): readonly string[] => [
  ...new Set(layers.flatMap(({ file }) => (file === undefined ? [] : [folderOf(file)]))),
]);

/** Keeps the first answer for each object: a sweep asks the same of thousands of layers that stay as they are. */
function onceEach<T>(ask: (statistics: VmStatistics) => T): (statistics: VmStatistics) => T {
  const answers = new WeakMap<VmStatistics, { readonly answer: T }>();
  return (statistics) => {
    const known = answers.get(statistics) ?? { answer: ask(statistics) };
    answers.set(statistics, known);
    return known.answer;
  };
}

export function isSameStatistics(one: VmStatistics, other: VmStatistics): boolean {
  return (
    one.active === other.active &&
    one.name === other.name &&
    one.layers.length === other.layers.length &&
    one.layers.every((layer, index) => {
      const same = other.layers[index];
      return (
        layer.target === same?.target &&
        layer.file === same.file &&
        layer.allocatedBytes === same.allocatedBytes &&
        layer.virtualBytes === same.virtualBytes
      );
    })
  );
}
