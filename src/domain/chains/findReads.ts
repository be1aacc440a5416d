// Which of several layers a VM reads at each place of its disk: the uppermost that has anything there. Pure.
import type { BlockMap, Extent } from '../blockMap.js';

interface OffsetRange {
  readonly start: number;
  readonly end: number;
}

/**
 * @param layers from the top, each with its index among the rows; one that is `unreadable` hides what lies below it, as
 *   far as nothing above it is known
 */
export function findReads(
  virtualBytes: number,
  layers: readonly { readonly row: number; readonly extents: readonly Extent[] | 'unreadable' }[],
): BlockMap['reads'] {
  const reads: { start: number; length: number; row: number }[] = [];
  let open: readonly OffsetRange[] = [{ start: 0, end: virtualBytes }];
  for (const { row, extents } of layers) {
    if (extents === 'unreadable') {
      break;
    }
    const still: OffsetRange[] = [];
    let at = 0;
    for (const { start, end } of open) {
      let from = start;
      while ((extents[at]?.start ?? Infinity) + (extents[at]?.length ?? 0) <= from) {
        at += 1;
      }
      for (let next = at; from < end; next++) {
        const extent = extents[next];
        const begin = Math.min(end, Math.max(from, extent?.start ?? end));
        if (begin > from) {
          still.push({ start: from, end: begin });
        }
        if (extent === undefined || extent.start >= end) {
          break;
        }
        const stop = Math.min(end, extent.start + extent.length);
        reads.push({ start: begin, length: stop - begin, row });
        from = stop;
      }
    }
    open = still;
  }
  return joinNeighbours(reads.sort((one, other) => one.start - other.start));
}

/** Neighbours of the same row become one. */
function joinNeighbours(reads: BlockMap['reads']): BlockMap['reads'] {
  const all: { start: number; length: number; row: number }[] = [];
  for (const read of reads) {
    const last = all.at(-1);
    if (last?.row === read.row && last.start + last.length === read.start) {
      last.length += read.length;
    } else {
      all.push({ ...read });
    }
  }
  return all;
}
