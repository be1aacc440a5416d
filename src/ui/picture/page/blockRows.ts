// Where the rows of a disk stand: each layer has its place, and one that is folded has room for its name alone. Pure.
import { type RowFate, stripHeight } from './blockCells.js';
import type { Blocks } from './blocks.js';

export const rulerHeight = 26;
export const labelHeight = 20;
const below = 10;
export const rowHeight = labelHeight + stripHeight + below;
/** Lower, what a layer holds could not be told from what it does not. */
const [lowestStrip, leastLabel, leastBelow] = [8, 17, 2];
const foldedHeight = labelHeight + 4;
/** Between the last layer and the line above what the VM reads. */
const under = 7;
/** As many as are in sight without scrolling: of more, those fold of which the VM reads nothing. */
const mostUnfolded = 12;

/** Those to which something would happen, so that a letter that is named is in sight. */
export function namedRows(
  { map: { rows } }: Blocks,
  fates: ReadonlyMap<string, Pick<RowFate, 'fate'>> | undefined,
): readonly number[] {
  const isNamed = (id: string): boolean => ![undefined, 'kept'].includes(fates?.get(id)?.fate);
  return rows.flatMap(({ id }, row) => (isNamed(id) ? [row] : []));
}

/**
 * Where they stand: those fold of which nothing is to be seen, neither what becomes of them nor the cursor. They are as
 * low as it takes to have all in sight.
 * @param height of what is in sight; 0: not known yet
 */
export function placedRows(
  blocks: Blocks,
  cursor: number,
  fates: ReadonlyMap<string, unknown> | undefined,
  height: number,
): BlockRows {
  const { rows } = blocks.map;
  const isWanted = (row: number): boolean => row === cursor || fates?.has(rows[row]?.id ?? '') === true;
  const folded = foldedRows(blocks, isWanted);
  const whole = new BlockRows(rows.length, folded);
  const missing = whole.end + (blocks.hasReads ? rowHeight : 0) - height;
  return height === 0 || missing <= 0
    ? whole
    : new BlockRows(rows.length, folded, Math.ceil((missing + under) / Math.max(1, rows.length - folded.size)));
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
  readonly #height: number;
  readonly #under: number;
  /** The height of a layer's name. */
  readonly label: number;
  /** The height of the strip with the content of a layer. */
  readonly strip: number;

  /** @param count of layers; `lower`: by how much each is lower than with all its room, if it can be */
  constructor(count: number, folded: ReadonlySet<number> = new Set(), lower = 0) {
    this.#folded = folded;
    const space = Math.max(leastBelow, below - lower);
    this.label = Math.max(leastLabel, labelHeight - (lower - (below - space)));
    this.strip = Math.max(lowestStrip, stripHeight - (lower - (below - space) - (labelHeight - this.label)));
    this.#height = this.label + this.strip + space;
    this.#under = Math.max(0, under - space);
    const tops = [rulerHeight];
    for (let row = 0; row < count; row++) {
      tops.push((tops[row] ?? 0) + (folded.has(row) ? foldedHeight : this.#height));
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
    return this.isFolded(row) ? foldedHeight : this.#height;
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
    return (this.#tops.at(-1) ?? rulerHeight) + this.#under;
  }

  /** The layer at this height of the whole; -1 above the first, and their number below the last. */
  at(y: number): number {
    const after = this.#tops.findIndex((top) => top > y);
    return after === -1 ? this.#tops.length - 1 : after - 1;
  }
}
