// The titles of snapshots that we take unasked, in the language of who reads them then. That such a snapshot is ours
// its mark says, not its title.
import { t } from '@vscode/l10n';
import { clockText } from './clockText.js';

export const automaticTitles = {
  /** @param at milliseconds since 1970 */
  beforeRevert: (at: number): string => t('Before revert, {0}', clockText(at)),
  beforeUndo: (at: number): string => t('Before undo, {0}', clockText(at)),
  afterRevert: (title: string): string => t('After revert to {0}', title),
  beforeFirstStep: (): string => t('Before the first step'),
  onTopOf: (title: string): string => t('On top of {0}', title),
  beforeDebugging: (name: string): string => t('Before debugging {0}', name),
  atTaskStart: (name: string): string => t('At the start of task {0}', name),
  afterBranchSwitch: (branch: string): string => t('After switching to {0}', branch),
} as const;

/** Written in this language: in another one, the undoing of an undoing is called as the undoing was. */
export function isBeforeUndo(title: string): boolean {
  return title.startsWith(t('Before undo, {0}', ''));
}
