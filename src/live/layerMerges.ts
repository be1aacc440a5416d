// How much of two layers is the same place of the disk, from the tables of both images.
import { layersFromStatistics } from '../domain/chains/layersFromStatistics.js';
import { type LayerPair, mergeFreesOf, pairsToRead } from '../domain/chains/snapshotSizes.js';
import type { VmStatistics } from '../domain/diskStatistics.js';
import type { ImageContents } from '../domain/imageContents.js';
import type { MergeFrees } from '../domain/layers.js';
import { mapLimited } from '../base/mapLimited.js';
import type { VmView } from './views.js';

const atOnce = 4;

/** By upper layer; those that cannot be looked into are left out. */
export async function readMerges(
  contents: Pick<ImageContents, 'extents'>,
  pairs: readonly LayerPair[],
): Promise<ReadonlyMap<string, MergeFrees>> {
  const read = await mapLimited(pairs, atOnce, async (pair) => {
    const { upper, lower } = pair;
    // An image is never looked into by what a guest may have written at its start.
    if (upper.format === undefined || lower.format === undefined) {
      return [];
    }
    const [above, below] = await Promise.all([
      contents.extents(upper.file, upper.format, [{}]),
      contents.extents(lower.file, lower.format, [{}]),
    ]);
    const frees = mergeFreesOf(pair, above, below);
    return frees === undefined ? [] : [[upper.file, frees] as const];
  });
  return new Map(read.flat());
}

/** Of the layers that statistics tell: those that were not read yet, and those that have grown since. */
export async function readGrownMerges(
  contents: Pick<ImageContents, 'extents'>,
  statistics: VmStatistics,
  view: VmView | undefined,
): Promise<ReadonlyMap<string, MergeFrees>> {
  if (view?.tree === undefined) {
    return new Map();
  }
  const { vm, tree, layers: before } = view;
  const known = { vm, tree, users: new Map(), now: 0, ...(before && { before }) };
  return readMerges(contents, pairsToRead(layersFromStatistics(statistics, known)));
}
