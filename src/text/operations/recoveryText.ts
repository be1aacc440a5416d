// What became of an operation that had broken off, as sentences.
import { t } from '@vscode/l10n';
import type { RecoveryReport } from '../../domain/recoveryReport.js';
import { displayLine } from '../../domain/plainText.js';
import { refusalText } from '../refusals/refusalText.js';
import { operationWords } from './operationText.js';

interface RecoveryText {
  readonly message: string;
  readonly severity: 'info' | 'warning' | 'error';
}

/**
 * | outcome   | says                                                       | severity |
 * |-----------|------------------------------------------------------------|----------|
 * | after     | it was finished                                            | info     |
 * | before    | it was undone: the VM is as it was before                  | warning  |
 * | partly    | what is done, and that the rest was not begun              | warning  |
 * | explained | it stays as it is, why, and what leads out                 | error    |
 * | failed    | the recovery itself failed and is tried again              | error    |
 *
 * A move to another host is no operation of one: only what its refusal says is said.
 *
 * @param title of the snapshot that the request names
 */
export function recoveryText({ request, vm, outcome, why }: RecoveryReport, title: string): RecoveryText {
  if (why?.reason === 'moveInterrupted') {
    const { reason, nextStep } = refusalText(why);
    return { message: `${reason} ${nextStep}`, severity: 'warning' };
  }
  const what = t('{0}: {1} was interrupted.', displayLine(vm), operationWords(request, displayLine(title)));
  switch (outcome) {
    case 'after':
      return { message: `${what} ${t('It is now finished.')}`, severity: 'info' };
    case 'before':
      return { message: `${what} ${t('It was undone. The VM is in the same state as before.')}`, severity: 'warning' };
    case 'partly':
      return {
        message: `${what} ${t('Part of it is done and stays. The other steps did not start. Run it again to finish.')}`,
        severity: 'warning',
      };
    case 'explained': {
      const reason = why === undefined ? undefined : refusalText(why, vm);
      const parts = [what, t('Nothing was changed after that.'), reason?.reason ?? '', reason?.nextStep ?? ''];
      return { message: parts.filter((part) => part !== '').join(' '), severity: 'error' };
    }
    case 'failed':
      return {
        message: `${what} ${t('The recovery failed too. Virt Rewind tries again at the next connection.')}`,
        severity: 'error',
      };
  }
}
