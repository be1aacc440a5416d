// What is said of the size of a disk beside an operation on it.
import { t } from '@vscode/l10n';
import { bytesText } from '../bytesText.js';

/** Nobody but the guest knows what is on it. */
export function guestSizeText(): string {
  return t(
    'Then make the partition and the file system larger in the guest (growpart; resize2fs or xfs_growfs). A cloud image does this at its next start.',
  );
}

/** @param has bytes, where it must be more */
export function sizeProblemText(has?: number): string {
  return has === undefined
    ? t('Enter a size such as 40G.')
    : t('Enter a size such as 40G, larger than {0}.', bytesText(has));
}
