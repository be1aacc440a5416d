// What a bisect has found, in the words that every shell tells it by. Pure.
import type { Bisect } from '../domain/bisect.js';
import { knowledgeOf } from './search.js';

export interface BisectFinding {
  readonly state: 'found' | 'unfinished';
  /** Names of snapshots. */
  readonly newestGood?: string;
  readonly oldestBad?: string;
  /** Any of these may be the first bad one. */
  readonly suspects: readonly string[];
}

export function findingOf({ line, answers }: Pick<Bisect, 'line' | 'answers'>): BisectFinding {
  const { newestGood, oldestBad, skipped, open } = knowledgeOf(line.length, answers);
  const name = (point: number): string => line[point]?.name ?? '';
  const isFound = open.length === 0;
  return {
    state: isFound ? 'found' : 'unfinished',
    ...(newestGood !== undefined && { newestGood: name(newestGood) }),
    ...(oldestBad !== undefined && { oldestBad: name(oldestBad) }),
    suspects: isFound
      ? [...skipped, ...(oldestBad === undefined ? [] : [oldestBad])].map(name)
      : [...open, ...skipped].toSorted((a, b) => a - b).map(name),
  };
}

/** All is known that can be, and no clone is left. */
export function isOver({ line, answers, probes }: Pick<Bisect, 'line' | 'answers' | 'probes'>): boolean {
  return probes.length === 0 && knowledgeOf(line.length, answers).open.length === 0;
}

/** What is known of one restore point; undefined: nothing yet. */
export type PointMark = 'good' | 'bad' | 'firstBad' | 'skipped';

export function markOf({ line, answers }: Pick<Bisect, 'line' | 'answers'>, point: number): PointMark | undefined {
  const { newestGood = -1, oldestBad = line.length, skipped } = knowledgeOf(line.length, answers);
  if (point === oldestBad) {
    return point === newestGood + 1 ? 'firstBad' : 'bad';
  }
  if (point <= newestGood) {
    return 'good';
  }
  return point > oldestBad ? 'bad' : skipped.includes(point) ? 'skipped' : undefined;
}
