// Ranges of bytes as lists: sorted, without overlap, and none touches the next.

export interface ByteRange {
  readonly start: number;
  /** Behind its last byte. */
  readonly end: number;
}

export type Ranges = readonly ByteRange[];

/** In any order, and overlapping. */
export function joinRanges(all: readonly ByteRange[]): Ranges {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of all.toSorted((one, other) => one.start - other.start)) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end) {
      last.end = Math.max(last.end, end);
    } else if (end > start) {
      joined.push({ start, end });
    }
  }
  return joined;
}

/** What of them is in none of the others. */
export function subtractRanges(ranges: Ranges, others: Ranges): Ranges {
  const rest: ByteRange[] = [];
  for (const { start, end } of ranges) {
    let from = start;
    for (let at = firstEndingAfter(others, start); from < end; at++) {
      const other = others[at];
      const stop = Math.min(end, other?.start ?? end);
      if (stop > from) {
        rest.push({ start: from, end: stop });
      }
      from = Math.min(end, other?.end ?? end);
    }
  }
  return rest;
}

/** Those between two places, cut at both. */
export function rangesWithin(ranges: Ranges, start: number, end: number): Ranges {
  const within: ByteRange[] = [];
  for (let at = firstEndingAfter(ranges, start); ; at++) {
    const range = ranges[at];
    if (range === undefined || range.start >= end) {
      return within;
    }
    within.push({ start: Math.max(start, range.start), end: Math.min(end, range.end) });
  }
}

export function isTouched(ranges: Ranges, start: number, end: number): boolean {
  return (ranges[firstEndingAfter(ranges, start)]?.start ?? Infinity) < end;
}

/** Widened to whole pieces of this size. */
export function wholePieces(ranges: Ranges, bytes: number): Ranges {
  return joinRanges(
    ranges.map(({ start, end }) => ({
      start: Math.floor(start / bytes) * bytes,
      end: Math.ceil(end / bytes) * bytes,
    })),
  );
}

/** An index, by halves: there may be a million. */
function firstEndingAfter(ranges: Ranges, place: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.end ?? 0) > place) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
