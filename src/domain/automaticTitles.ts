// The titles of snapshots that we take unasked: the same in each list, message and picture.
import { clockText } from './clockText.js';

/** What they begin with; who groups such snapshots goes by this as well. */
export const automaticTitles = {
  beforeRevert: 'Before revert',
  beforeUndo: 'Before undo',
  afterRevert: 'After revert to ',
  beforeDebugging: 'Before debugging ',
  atTaskStart: 'At the start of task ',
  afterBranchSwitch: 'After switching to ',
} as const;

/** `Before revert, 05:29`. @param at milliseconds since 1970 */
export function titleAt(kind: 'beforeRevert' | 'beforeUndo', at: number): string {
  return `${automaticTitles[kind]}, ${clockText(at)}`;
}
