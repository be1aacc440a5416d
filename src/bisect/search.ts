// The search: which restore points to try next, and what is known when there are none. Pure: the answers so far are all
// it goes by.
import type { BisectAnswer, BisectKnowledge } from '../domain/bisect.js';

/** @param count of the line; its points are 0, the oldest, to `count` - 1 */
export function knowledgeOf(count: number, answers: readonly BisectAnswer[]): BisectKnowledge {
  let low = -1;
  let high = count;
  const skips = new Set<number>();
  const contradictions: BisectAnswer[] = [];
  for (const answer of answers) {
    const { point, verdict } = answer;
    if (verdict === 'skip') {
      skips.add(point);
    } else if (verdict === 'good') {
      // The first answer counts: a later one that says the opposite is told of, and moves nothing.
      if (point >= high) {
        contradictions.push(answer);
      } else {
        low = Math.max(low, point);
      }
    } else if (point <= low) {
      contradictions.push(answer);
    } else {
      high = Math.min(high, point);
    }
  }
  const between = Array.from({ length: Math.max(0, high - low - 1) }, (_, at) => low + 1 + at);
  return {
    ...(low >= 0 && { newestGood: low }),
    ...(high < count && { oldestBad: high }),
    skipped: between.filter((point) => skips.has(point)),
    open: between.filter((point) => !skips.has(point)),
    contradictions,
  };
}

/**
 * Which to try at once, at most `atOnce`: they split what is open into parts of one length, so that 64 points take 7
 * rounds with one at once and 4 with two. None: all is known that can be.
 */
export function nextPoints(count: number, answers: readonly BisectAnswer[], atOnce: number): readonly number[] {
  const { newestGood: low = -1, oldestBad: high = count, skipped, open } = knowledgeOf(count, answers);
  const parts = Math.min(atOnce, open.length);
  const wanted = Array.from({ length: parts }, (_, at) =>
    skipped.length === 0 ? (at + 1) / (parts + 1) : spread(skipped.length + at + 1),
  );
  const chosen = new Set<number>();
  for (const share of wanted) {
    chosen.add(nearest(open, Math.floor(low + (high - low) * share), chosen));
  }
  return [...chosen].toSorted((a, b) => a - b);
}

/** Whether an answer about this point would tell anything, after all the others. */
export function isOpen(point: number, count: number, answers: readonly BisectAnswer[]): boolean {
  return knowledgeOf(count, answers).open.includes(point);
}

/**
 * 1/2, 1/4, 3/4, 1/8, 5/8, …: what cannot be tried often comes in a row, and next to it would be the worst place to
 * look.
 */
function spread(index: number): number {
  let share = 0;
  for (let rest = index, digit = 0.5; rest > 0; rest = Math.floor(rest / 2), digit /= 2) {
    share += (rest % 2) * digit;
  }
  return share;
}

function nearest(open: readonly number[], wanted: number, taken: ReadonlySet<number>): number {
  let best: number | undefined;
  for (const point of open) {
    if (!taken.has(point) && (best === undefined || Math.abs(point - wanted) < Math.abs(best - wanted))) {
      best = point;
    }
  }
  if (best === undefined) {
    throw new RangeError('More were wanted than are open');
  }
  return best;
}
