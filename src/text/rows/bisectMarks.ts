// What a bisect knows of a restore point and of a VM, in a word or two: for rows, pictures and pages.
import { t } from '@vscode/l10n';
import type { PointMark } from '../../bisect/finding.js';

export function markWord(mark: PointMark): string {
  return { good: t('good'), bad: t('bad'), firstBad: t('first bad'), skipped: t('skipped') }[mark];
}

/** Beside other words, which do not say what it is about. */
export function markWords(mark: PointMark): string {
  return t('bisect: {0}', markWord(mark));
}
