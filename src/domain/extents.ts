// Arithmetic of ranges of a disk: sorted, without overlap, in bytes. Knows no layer.

export interface ByteRange {
  readonly start: number;
  readonly length: number;
}

/** What is in any of them; they may overlap and stand in any order. */
export function uniteRanges(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const found: { start: number; length: number }[] = [];
  for (const { start, length } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = found.at(-1);
    if (last !== undefined && start <= last.start + last.length) {
      last.length = Math.max(last.length, start + length - last.start);
    } else {
      found.push({ start, length });
    }
  }
  return found;
}

/** What is in the first and not in the second; both sorted. */
export function subtractRanges(ranges: readonly ByteRange[], taken: readonly ByteRange[]): readonly ByteRange[] {
  const left: ByteRange[] = [];
  let next = 0;
  for (const { start, length } of ranges) {
    const end = start + length;
    let from = start;
    for (; next < taken.length && endOf(taken[next]) <= from; next++);
    for (let at = next; from < end; at++) {
      const other = taken[at];
      const stop = Math.min(end, Math.max(from, other?.start ?? end));
      if (stop > from) {
        left.push({ start: from, length: stop - from });
      }
      from = Math.max(from, other === undefined ? end : endOf(other));
    }
  }
  return left;
}

export function bytesOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { length }) => sum + length, 0);
}

function endOf(range: ByteRange | undefined): number {
  return range === undefined ? Infinity : range.start + range.length;
}
