// Which ranges of its virtual disk one mapping table of a qcow2 image fills: the current state's or a snapshot's. Does
// not look at what lies below it.
import type { Extent } from '../domain/blockMap.js';
import { type ImageBytes, ReadLimitError } from './imageBytes.js';
import type { Qcow2Header, Table } from './qcow2Header.js';
import { eachDifferingL2, eachL2, eachRun, l1EntriesOf, readL1, shapeOf, type ClusterContent } from './qcow2Tables.js';

/** The most extents of all rows of a picture: some millions fit into memory, but no display shows them. */
export const mostExtents = 1_000_000;

/**
 * All that it maps, or, beside the table of an earlier state, what it maps otherwise.
 * @throws BadImage, TooMuchToRead
 */
export async function qcow2Extents(
  image: ImageBytes,
  header: Qcow2Header,
  { l1, earlier }: { readonly l1: Table; readonly earlier: Table | undefined },
  diskBytes: number,
  most = mostExtents,
): Promise<readonly Extent[]> {
  const shape = shapeOf(header);
  const extents = new Extents(diskBytes, most);
  const partBytes = shape.entryBytes === 16 ? shape.clusterBytes / 32 : shape.clusterBytes;
  const bytesInL2 = shape.clustersInL2 * shape.clusterBytes;
  const ofDisk = await readL1(image, l1, l1EntriesOf(diskBytes, shape));
  const addRunsOf = (l1Index: number) => {
    const start = l1Index * bytesInL2;
    return (from: number, to: number, what: ClusterContent): void => {
      if (what !== 'absent') {
        extents.add(start + from * partBytes, start + to * partBytes, what);
      }
    };
  };
  if (earlier === undefined) {
    await eachL2(image, ofDisk, shape, (table, index) => eachRun(table, shape, addRunsOf(index)));
  } else {
    const before = await readL1(image, earlier, Math.min(earlier.entries, ofDisk.length / 8));
    await eachDifferingL2(image, ofDisk, before, shape, (table, old, index) => {
      eachRun(table, shape, addRunsOf(index), old);
    });
  }
  return extents.all;
}

/** In order; what touches and is alike becomes one. */
export class Extents {
  readonly all: Extent[] = [];
  readonly #end: number;

  readonly #most: number;

  constructor(diskBytes: number, most = mostExtents) {
    this.#end = diskBytes;
    this.#most = most;
  }

  /** @throws TooMuchToRead */
  add(start: number, end: number, what: Extent['kind']): void {
    const stop = Math.min(end, this.#end);
    const last = this.all.at(-1);
    if (stop <= start) {
      return;
    }
    if (last?.kind === what && last.start + last.length === start) {
      this.all[this.all.length - 1] = { start: last.start, length: stop - last.start, kind: what };
      return;
    }
    if (this.all.length === this.#most) {
      throw new ReadLimitError(`more than ${this.#most} extents`);
    }
    this.all.push({ start, length: stop - start, kind: what });
  }
}
