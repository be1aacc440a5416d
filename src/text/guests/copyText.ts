// What is told of a file that is copied into or out of a guest.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../bytesText.js';
import { percent } from '../operations/progressText.js';

/** @param totalBytes undefined where the guest tells none */
export function copyProgressText(bytes: number, totalBytes: number | undefined): string {
  return totalBytes === undefined
    ? bytesText(bytes)
    : t('{0} %, {1} of {2}', percent(bytes / totalBytes), bytesText(bytes), bytesText(totalBytes));
}

/** @param to where it is now */
export function copiedText(bytes: number, to: string): string {
  return t('Copied {0} to {1}.', bytesText(bytes), displayLine(to));
}
