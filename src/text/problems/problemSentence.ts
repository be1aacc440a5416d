// The shape of a problem's sentences, and what they are made with.
import { inQuotes } from '../quotes.js';
import { t } from '@vscode/l10n';
import type { ProblemKind, ProblemOf } from '../../diagnosis/problem.js';
import { displayLine } from '../../domain/plainText.js';

export interface ProblemWords {
  /** The VM's name, for one line. */
  readonly vm: string;
  /** The title of a snapshot, for one line. */
  readonly title: (snapshot: string) => string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type ProblemSentences = {
  readonly [K in ProblemKind]: (
    problem: ProblemOf<K>,
    words: ProblemWords,
  ) => readonly [what: string, means: string, todo: string];
};

/** More paths than this are counted. */
const longestList = 10;

export function quotedPath(file: string): string {
  return inQuotes(displayLine(file, 500));
}

export function quotedPaths(files: readonly string[]): string {
  const shown = files.slice(0, longestList).map(quotedPath).join(', ');
  return files.length <= longestList ? shown : t('{0} and {1} more', shown, files.length - longestList);
}
