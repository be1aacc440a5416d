// What the history has written down of a failure (`Failure.line`, a kind and what is known beyond it) → words for
// people.
import { t } from '@vscode/l10n';
import { shortOfKind } from './failureText.js';

/** Empty where it says no more than that it failed. What does not begin with a kind is told as it is. */
export function describeLoggedFailure(noted: string): string {
  const [, kind = '', more = ''] = /^(\w+)(?:: (.*))?$/su.exec(noted) ?? [];
  if (kind === 'dismissed') {
    return t('marked as resolved');
  }
  const word = shortOfKind(kind);
  if (word === undefined) {
    return noted;
  }
  // One word alone is the name of a rule of ours, which is for programs.
  const words = /^\w*$/u.test(more) ? '' : more;
  return kind === 'failed' ? words : words === '' ? word : t('{0} ({1})', word, words);
}
