// Who cancelled an operation, and what that leaves. A part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../domain/failure.js';
import type { OperationRequest } from '../domain/operation.js';
import type { FailureText } from './failureSentences.js';

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
          ? t('{0} was asked to restart and may still do it.', vm)
          : t('{0} was asked to shut down and may still do it.', vm),
      nextStep: t('Nothing waits for it any longer; the view shows it when it has.'),
      severity: 'info',
    };
  }
  if (byUs === true) {
    return {
      sentence: vm === '' ? t('It was cancelled.') : t('The operation on {0} was cancelled.', vm),
      nextStep: '',
      severity: 'silent',
    };
  }
  return {
    sentence: vm === '' ? t('It was cancelled.') : t('Another program cancelled the operation on {0}.', vm),
    nextStep: leftBehind(request),
    severity: 'warning',
  };
}

/** What an operation leaves that somebody else cancelled: libvirt can cancel external memory and merges only. */
function leftBehind(request: OperationRequest | undefined): string {
  switch (request?.kind) {
    case 'create':
      return t('No snapshot was made.');
    case 'delete':
      return t('The present state of the VM is kept; delete the snapshot again to finish.');
    case 'consolidate':
      return t('The disks of the VM are what they were; consolidate it again to finish.');
    case 'prune':
      return t('What was not deleted stays; prune again to finish.');
    case 'revert':
    case 'describe':
    case 'rename':
    case 'repair':
    case 'power':
    case undefined:
      return t('The view shows what is there.');
  }
}
