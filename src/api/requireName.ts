// A protected VM, lab or system is changed by who says its name.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import { VirtRewindError } from './virtRewindError.js';

/** @param wanted undefined: nothing is protected @throws VirtRewindError `protected` */
export function requireName(wanted: string | undefined, given: string | undefined): void {
  if (wanted !== undefined && wanted !== given) {
    throw new VirtRewindError(
      'protected',
      t('{0} is protected, so nothing was changed. Use {1} with its name to continue.', displayLine(wanted), 'name'),
    );
  }
}
