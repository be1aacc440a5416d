// Where the rows of a disk stand: each layer has its place, and one that is folded has room for its name alone. Pure.
import { stripHeight } from './blockCells.js';
import type { Blocks } from './blocks.js';

export const rulerHeight = 26;
export const labelHeight = 20;
export const rowHeight = labelHeight + stripHeight + 10;
const foldedHeight = labelHeight + 4;
/** As many as are in sight without scrolling: of more, those fold of which the VM reads nothing. */
const mostUnfolded = 12;

/** Where they stand: those fold of which nothing is to be seen, neither what becomes of them nor the cursor. */
export function placedRows(blocks: Blocks, cursor: number, fates: ReadonlyMap<string, unknown> | undefined): BlockRows {
  const { rows } = blocks.map;
  const isWanted = (row: number): boolean => row === cursor || fates?.has(rows[row]?.id ?? '') === true;
  return new BlockRows(rows.length, foldedRows(blocks, isWanted));
}

/** @param isWanted it does not fold */
export function foldedRows(
  { map, isUnread }: { readonly map: Blocks['map']; readonly isUnread: (row: number) => boolean },
  isWanted: (row: number) => boolean,
): ReadonlySet<number> {
  const rows = map.rows.length <= mostUnfolded ? [] : map.rows.keys();
  return new Set([...rows].filter((row) => isUnread(row) && !isWanted(row)));
}

export class BlockRows {
  readonly #folded: ReadonlySet<number>;
  /** In pixels; the last is where what the VM reads begins. */
  readonly #tops: readonly number[];

  /** @param count of layers */
  constructor(count: number, folded: ReadonlySet<number> = new Set()) {
    this.#folded = folded;
    const tops = [rulerHeight];
    for (let row = 0; row < count; row++) {
      tops.push((tops[row] ?? 0) + (folded.has(row) ? foldedHeight : rowHeight));
    }
    this.#tops = tops;
  }

  isFolded(row: number): boolean {
    return this.#folded.has(row);
  }

  /** In pixels of the whole; the row after the last layer is what the VM reads. */
  top(row: number): number {
    return this.#tops[row] ?? rulerHeight;
  }

  height(row: number): number {
    return this.isFolded(row) ? foldedHeight : rowHeight;
  }

  /**
   * How far to scroll so that a layer is in sight: what the VM reads covers the lower edge, and the ruler the upper
   * one. As far as it is scrolled where there is no such layer.
   */
  scrolledTo(row: number, scrolled: number, height: number): number {
    if (row < 0 || row >= this.#tops.length - 1) {
      return scrolled;
    }
    const below = this.top(row) + this.height(row) + rowHeight - height;
    return Math.min(Math.max(scrolled, below), Math.max(0, this.top(row) - rulerHeight));
  }

  /** Below all layers. */
  get end(): number {
    return this.#tops.at(-1) ?? rulerHeight;
  }

  /** The layer at this height of the whole; -1 above the first, and their number below the last. */
  at(y: number): number {
    const after = this.#tops.findIndex((top) => top > y);
    return after === -1 ? this.#tops.length - 1 : after - 1;
  }
}
