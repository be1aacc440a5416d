// A few names in one line.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';

/** More names than this are counted, not listed: nobody reads them in a dialog. */
const longestList = 40;

/**
 * The place of "and 1 more" is taken by that one.
 *
 * @param count as many are listed
 * @param longest characters of a name
 */
export function listNames(
  names: readonly string[],
  count = names.length <= longestList + 1 ? names.length : longestList,
  longest?: number,
): string {
  const shown = names
    .slice(0, count)
    .map((name) => displayLine(name, longest))
    .join(', ');
  return names.length <= count ? shown : t('{0} and {1} more', shown, names.length - count);
}
