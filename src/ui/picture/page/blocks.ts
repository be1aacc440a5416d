// The blocks of a disk, ready to be asked for any range: what a row holds there, what of it the VM reads, and which row
// is read at a byte. Pure.
import { extentKinds } from '../../../domain/blockMap.js';
import { ExtentIndex } from './extentIndex.js';
import type { PictureBlocks } from '../messages.js';

interface CellContent {
  /** Bytes with content of its own. */
  readonly data: number;
  /** Bytes that it says are zeros. */
  readonly zero: number;
  /** Bytes, of either, that the VM reads from here now. */
  readonly read: number;
}

export class Blocks {
  readonly map: PictureBlocks;
  readonly #data: readonly (ExtentIndex | undefined)[];
  readonly #zero: readonly (ExtentIndex | undefined)[];
  readonly #read: readonly ExtentIndex[];
  readonly #highestUnread: number;

  constructor(map: PictureBlocks) {
    this.map = map;
    const zero = extentKinds.indexOf('zero');
    const only = (which: 'data' | 'zero') =>
      map.rows.map(({ extents, kinds }) =>
        extents === undefined
          ? undefined
          : new ExtentIndex(extents, (index) => (kinds?.[index] === zero) === (which === 'zero')),
      );
    this.#data = only('data');
    this.#zero = only('zero');
    this.#read = readByRow(map);
    this.#highestUnread = map.rows.findLastIndex(
      ({ kind, extents }) => kind !== 'internalSnapshot' && extents === undefined,
    );
  }

  /**
   * Whether it is not known what the VM reads where nothing above that layer has anything: some layer of its disk
   * cannot be read. Snapshots inside images are none.
   */
  get isPartlyUnknown(): boolean {
    return this.#highestUnread >= 0;
  }

  /** Whether there is anything to say of what the VM reads. */
  get hasReads(): boolean {
    return this.map.reads.length > 0 || (this.isPartlyUnknown && this.map.unreadable === undefined);
  }

  /** Whether it is certain that the VM reads nothing of this layer now; what takes its writes is no such layer. */
  readonly isUnread = (row: number): boolean =>
    this.isReadable(row) &&
    !this.isBelowUnknown(row) &&
    this.map.rows[row]?.kind !== 'present' &&
    this.#read[row]?.total === 0;

  /** Whether it is not known if the VM reads what this layer holds. */
  isBelowUnknown(row: number): boolean {
    return row < this.#highestUnread;
  }

  isReadable(row: number): boolean {
    return this.#data[row] !== undefined;
  }

  content(row: number, from: number, to: number): CellContent {
    return {
      data: this.#data[row]?.bytesIn(from, to) ?? 0,
      zero: this.#zero[row]?.bytesIn(from, to) ?? 0,
      read: this.#read[row]?.bytesIn(from, to) ?? 0,
    };
  }

  /** Rows that the VM reads in a range, the one with most bytes first, newer ones before older. */
  readIn(from: number, to: number): readonly { readonly row: number; readonly bytes: number }[] {
    const found: { row: number; bytes: number }[] = [];
    this.#read.forEach((index, row) => {
      const bytes = index.bytesIn(from, to);
      if (bytes > 0) {
        found.push({ row, bytes });
      }
    });
    return found.sort((a, b) => b.bytes - a.bytes || b.row - a.row);
  }

  /** Bytes that a row holds in all, as far as it is readable. */
  heldBytes(row: number): number | undefined {
    const data = this.#data[row];
    return data === undefined ? undefined : data.total + (this.#zero[row]?.total ?? 0);
  }

  /** What a row holds at a byte. */
  kindAt(row: number, offset: number): (typeof extentKinds)[number] | 'nothing' {
    const { extents, kinds } = this.map.rows[row] ?? {};
    if (extents === undefined) {
      return 'nothing';
    }
    let [low, high] = [0, extents.length / 2];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((extents[middle * 2] ?? 0) <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const index = low - 1;
    const end = (extents[index * 2] ?? 0) + (extents[index * 2 + 1] ?? 0);
    return index >= 0 && offset < end ? (extentKinds[kinds?.[index] ?? 0] ?? 'data') : 'nothing';
  }

  /** Start and end of the piece that the VM reads from this row around a byte. */
  readAt(row: number, offset: number): { readonly start: number; readonly end: number } | undefined {
    return this.#read[row]?.at(offset);
  }
}

function readByRow({ rows, reads }: PictureBlocks): readonly ExtentIndex[] {
  const lists: number[][] = rows.map(() => []);
  for (let index = 0; index + 2 < reads.length; index += 3) {
    lists[reads[index + 2] ?? 0]?.push(reads[index] ?? 0, reads[index + 1] ?? 0);
  }
  return lists.map((list) => new ExtentIndex(list));
}
