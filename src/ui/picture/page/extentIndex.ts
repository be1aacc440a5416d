// How many bytes of a range extents cover, in O(log n), so that a frame costs as much for a hundred thousand extents as
// for ten. Pure.

export class ExtentIndex {
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  /** Bytes in all extents before this one. */
  readonly #before: Float64Array;

  /**
   * @param flat start and length in turns, sorted and without overlap
   * @param wanted which of them count; absent: all
   */
  constructor(flat: ArrayLike<number>, wanted?: (index: number) => boolean) {
    const all = Math.floor(flat.length / 2);
    const starts = new Float64Array(all);
    const ends = new Float64Array(all);
    const before = new Float64Array(all + 1);
    let count = 0;
    for (let index = 0; index < all; index++) {
      if (wanted?.(index) === false) {
        continue;
      }
      const start = flat[index * 2] ?? 0;
      const end = start + (flat[index * 2 + 1] ?? 0);
      starts[count] = start;
      ends[count] = end;
      before[count + 1] = (before[count] ?? 0) + end - start;
      count += 1;
    }
    this.#starts = starts.subarray(0, count);
    this.#ends = ends.subarray(0, count);
    this.#before = before.subarray(0, count + 1);
  }

  get total(): number {
    return this.#before[this.#starts.length] ?? 0;
  }

  bytesIn(from: number, to: number): number {
    return to <= from ? 0 : this.#bytesBefore(to) - this.#bytesBefore(from);
  }

  /** Start and end of the extent that holds this byte. */
  at(offset: number): { readonly start: number; readonly end: number } | undefined {
    const index = this.#lastStartingBy(offset);
    const start = this.#starts[index];
    const end = this.#ends[index];
    return start !== undefined && end !== undefined && offset < end ? { start, end } : undefined;
  }

  /** Where the next extent begins that starts after this byte; undefined: there is none. */
  nextAfter(offset: number): number | undefined {
    return this.#starts[this.#lastStartingBy(offset) + 1];
  }

  #bytesBefore(offset: number): number {
    const index = this.#lastStartingBy(offset);
    if (index < 0) {
      return 0;
    }
    const inside = Math.min(offset, this.#ends[index] ?? 0) - (this.#starts[index] ?? 0);
    return (this.#before[index] ?? 0) + inside;
  }

  /** -1: all start later. */
  #lastStartingBy(offset: number): number {
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }
}
