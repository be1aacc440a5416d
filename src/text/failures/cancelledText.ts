// Who cancelled an operation, and what that leaves. A part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import type { FailureText } from './failureSentences.js';
import { leftByCancel } from '../operations/operationText.js';
import { lookAgain } from '../ways.js';

/**
 * | by us | may still happen | told                                       |
 * |-------|------------------|--------------------------------------------|
 * | any   | yes              | that the guest may do it, as information   |
 * | yes   | no               | nothing                                    |
 * | no    | no               | who it was and what that leaves, a warning |
 */
export function cancelledText({
  vm = '',
  request,
  byUs,
  mayStillHappen,
}: FailureDetails): Pick<FailureText, 'sentence' | 'nextStep' | 'severity'> {
  if (mayStillHappen === true && vm !== '') {
    return {
      sentence:
        request?.kind === 'power' && request.action === 'restart'
          ? t('The guest of {0} was asked to restart and may still do so.', vm)
          : t('The guest of {0} was asked to shut down and may still do so.', vm),
      nextStep: `${t('Virt Rewind no longer waits for it.')} ${lookAgain(vm)}`,
      severity: 'info',
    };
  }
  if (byUs === true) {
    return {
      sentence: vm === '' ? t('Cancelled.') : t('The operation on {0} was cancelled.', vm),
      nextStep: '',
      severity: 'silent',
    };
  }
  return {
    sentence: vm === '' ? t('Cancelled.') : t('Another program cancelled the operation on {0}.', vm),
    nextStep: leftByCancel(request, vm),
    severity: 'warning',
  };
}
