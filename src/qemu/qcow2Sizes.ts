// What the snapshots inside a qcow2 image take, cluster by cluster, from the mapping tables of all of them: no tool
// reports it. A snapshot's own tables do not change once written; those of the current state do while a VM writes.
import type { InternalSizes, PresentTable } from '../domain/imageContents.js';
import { type ImageBytes, ReadLimitError } from './imageBytes.js';
import type { Qcow2Header, Table } from './qcow2Header.js';
import type { Qcow2Snapshot } from './qcow2Snapshots.js';
import { eachL2, eachReference, l1EntriesOf, l2Place, readL1, type Shape, shapeOf } from './qcow2Tables.js';

/** What most file systems give out and take back. */
const blockBytes = 4096;

/**
 * A cluster goes when nobody refers to it any more, so it is counted for a snapshot as long as no other table refers to
 * it. Compressed clusters share the host's clusters among each other, which therefore may have many references. Told is
 * what the file system gets back of them.
 * @throws BadImage, TooMuchToRead
 */
export async function internalSizes(
  image: ImageBytes,
  header: Qcow2Header,
  snapshots: readonly Qcow2Snapshot[],
  presentTable: PresentTable,
): Promise<InternalSizes> {
  const shape = shapeOf(header);
  const references = new References(snapshots.length);
  const presentTables = new Set<number>();
  const table = await readL1(image, header.l1, header.l1.entries);
  const present = presentTable === 'still' ? table : await withoutLeftRam(table, image, header, snapshots, shape);
  await eachL2(image, present, shape, (table, _, place) => {
    presentTables.add(place);
    references.ofPresent(place / shape.clusterBytes);
    eachReference(table, shape, (cluster) => references.ofPresent(cluster));
  });
  for (const [number, snapshot] of snapshots.entries()) {
    await countReferences(image, shape, header, snapshot, number, references, presentTables);
  }
  const { clusterBytes } = shape;
  const tableBytes = snapshots.reduce((sum, { entryBytes }) => sum + entryBytes, 0);
  // A table of QEMU's is written up to its end alone: the rest of its last cluster never took a block.
  const block = Math.min(blockBytes, clusterBytes);
  const roundToBlocks = (bytes: number): number => Math.ceil(bytes / block) * block;
  const unwritten = snapshots.map(
    ({ l1: { entries } }) => Math.ceil((entries * 8) / clusterBytes) * clusterBytes - roundToBlocks(entries * 8),
  );
  return {
    snapshots: snapshots.map(({ name, vmStateBytes, entryBytes }, number) => ({
      name,
      vmStateBytes,
      heldBytes: references.heldClusters(number) * clusterBytes,
      freedBytes:
        references.aloneClusters(number) * clusterBytes -
        (unwritten[number] ?? 0) +
        roundToBlocks(tableBytes) -
        roundToBlocks(tableBytes - entryBytes),
    })),
    togetherBytes:
      references.together * clusterBytes - unwritten.reduce((sum, bytes) => sum + bytes, 0) + roundToBlocks(tableBytes),
  };
}

/**
 * Behind the disk, the current state's tables in a file that QEMU writes tell of RAM:
 *
 * | the current state's table there | came there by                                    | QEMU uses the RAM |
 * |-------------------------------|--------------------------------------------------|-------------------|
 * | is a snapshot's too           | a revert to it, which is written out at once     | yes: it stays when the snapshot goes |
 * | is its own                    | a snapshot: QEMU lets go of the RAM, in its memory first | no |
 */
async function withoutLeftRam(
  present: Buffer,
  image: ImageBytes,
  header: Qcow2Header,
  snapshots: readonly Qcow2Snapshot[],
  shape: Shape,
): Promise<Buffer> {
  const shared = new Set<number>();
  for (const { l1, diskBytes = header.virtualBytes } of snapshots) {
    const table = await readL1(image, l1, l1.entries);
    for (let index = l1EntriesOf(diskBytes, shape); index < l1.entries; index++) {
      shared.add(l2Place(table, index));
    }
  }
  const used = Buffer.from(present);
  for (let index = l1EntriesOf(header.virtualBytes, shape); index < header.l1.entries; index++) {
    if (!shared.has(l2Place(used, index))) {
      used.writeBigUInt64BE(0n, index * 8);
    }
  }
  return used;
}

async function countReferences(
  image: ImageBytes,
  shape: Shape,
  header: Qcow2Header,
  { l1, diskBytes = header.virtualBytes }: Qcow2Snapshot,
  number: number,
  references: References,
  presentTables: ReadonlySet<number>,
): Promise<void> {
  eachClusterOf(l1, shape, (cluster) => references.ofSnapshot(cluster, number, 'other'));
  const ofDisk = l1EntriesOf(diskBytes, shape);
  await eachL2(
    image,
    await readL1(image, l1, l1.entries),
    shape,
    (table, l1Index, place) => {
      references.ofSnapshot(place / shape.clusterBytes, number, 'other');
      const part = l1Index < ofDisk ? 'disk' : 'other';
      eachReference(table, shape, (cluster) => references.ofSnapshot(cluster, number, part));
    },
    // All behind a table that is the current state's too is the current state's: nobody else can be the only one.
    (place) => !presentTables.has(place),
  );
}

function eachClusterOf({ at, entries }: Table, { clusterBytes }: Shape, visit: (cluster: number) => void): void {
  const first = Math.floor(at / clusterBytes);
  for (let cluster = first; cluster < Math.ceil((at + entries * 8) / clusterBytes); cluster++) {
    visit(cluster);
  }
}

const clustersInPage = 4096;
/** Enough for a full TiB in clusters of 64 KiB: 128 MiB. A hostile image spreads its clusters over more. */
const mostPages = 4096;
/** The first word of a cluster: its only owner, counted from 1. */
const nobody = 0;
const several = 0xffff_ffff;
/**
 * The second word of a cluster: whether the current state refers to it; below, the last snapshot that does, counted
 * from 1.
 */
const presentBit = 0x8000_0000;

/** Who refers to which cluster; the current state must be told first. */
class References {
  readonly #pages = new Map<number, Uint32Array>();
  readonly #alone: Float64Array;
  readonly #held: Float64Array;
  #together = 0;

  constructor(snapshots: number) {
    this.#alone = new Float64Array(snapshots);
    this.#held = new Float64Array(snapshots);
  }

  /** Clusters that nobody but snapshots refers to. */
  get together(): number {
    return this.#together;
  }

  aloneClusters(snapshot: number): number {
    return this.#alone[snapshot] ?? 0;
  }

  heldClusters(snapshot: number): number {
    return this.#held[snapshot] ?? 0;
  }

  ofPresent(cluster: number): void {
    const page = this.#page(cluster);
    page[(cluster % clustersInPage) * 2 + 1] = presentBit;
  }

  ofSnapshot(cluster: number, snapshot: number, part: 'disk' | 'other'): void {
    const page = this.#page(cluster);
    const at = (cluster % clustersInPage) * 2;
    const last = page[at + 1] ?? 0;
    if (last >= presentBit || last === snapshot + 1) {
      return;
    }
    page[at + 1] = snapshot + 1;
    const owner = page[at] ?? nobody;
    if (owner === nobody) {
      page[at] = snapshot + 1;
      this.#together += 1;
      add(this.#alone, snapshot, 1);
    } else if (owner !== several) {
      page[at] = several;
      add(this.#alone, owner - 1, -1);
    }
    if (part === 'disk') {
      add(this.#held, snapshot, 1);
    }
  }

  #page(cluster: number): Uint32Array {
    const index = Math.floor(cluster / clustersInPage);
    let page = this.#pages.get(index);
    if (page === undefined) {
      if (this.#pages.size === mostPages) {
        throw new ReadLimitError(`clusters in more than ${mostPages} places`);
      }
      page = new Uint32Array(clustersInPage * 2);
      this.#pages.set(index, page);
    }
    return page;
  }
}

function add(counts: Float64Array, index: number, change: number): void {
  counts[index] = (counts[index] ?? 0) + change;
}
