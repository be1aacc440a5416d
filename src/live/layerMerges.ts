// How much of two layers is the same place of the disk, from the tables of both images.
import { layersFromStatistics } from '../domain/chains/layersFromStatistics.js';
import { type LayerPair, mergeFreesOf, pairsToRead } from '../domain/chains/snapshotSizes.js';
import type { VmStatistics } from '../domain/diskStatistics.js';
import type { HostFiles } from '../domain/hostFiles.js';
import type { ImageContents } from '../domain/imageContents.js';
import type { MergeFrees } from '../domain/layers.js';
import { mapLimited } from '../base/mapLimited.js';
import type { VmView } from './views.js';

const atOnce = 4;

interface Images {
  readonly files: Pick<HostFiles, 'image'>;
  readonly contents: Pick<ImageContents, 'extents'>;
}

/** By upper layer; those that cannot be looked into are left out. */
export async function readMerges(
  { files, contents }: Images,
  pairs: readonly LayerPair[],
): Promise<ReadonlyMap<string, MergeFrees>> {
  const read = await mapLimited(pairs, atOnce, async (pair) => {
    const { upper, lower } = pair;
    // What the file below is, the overlay says: never what a guest may have written at its start.
    const image = lower.format === undefined ? await files.image(upper.file, 'qcow2') : undefined;
    const format = lower.format ?? (typeof image === 'object' ? image.backing?.format : undefined);
    if (format === undefined) {
      return [];
    }
    const [above, below] = await Promise.all([
      contents.extents(upper.file, upper.format ?? 'qcow2', [{}]),
      contents.extents(lower.file, format, [{}]),
    ]);
    const frees = mergeFreesOf(pair, above, below);
    return frees === undefined ? [] : [[upper.file, frees] as const];
  });
  return new Map(read.flat());
}

/** Reads the layers from statistics that were not read yet, or have grown since. */
export async function readGrownMerges(
  images: Images,
  statistics: VmStatistics,
  view: VmView | undefined,
): Promise<ReadonlyMap<string, MergeFrees>> {
  if (view?.tree === undefined) {
    return new Map();
  }
  const { vm, tree, layers: before } = view;
  const known = { vm, tree, users: new Map(), now: 0, ...(before && { before }) };
  return readMerges(images, pairsToRead(layersFromStatistics(statistics, known)));
}
