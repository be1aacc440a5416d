// Who holds a VM that somebody else works at, and what to do about it.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../domain/failure.js';
import type { FailureText } from './failureSentences.js';

export function busyText({ vm, editor, heldByNobody }: FailureDetails): Pick<FailureText, 'sentence' | 'nextStep'> {
  if (heldByNobody === true) {
    return {
      sentence:
        vm === undefined
          ? t('libvirt waits for a job at which nobody seems to work.')
          : t('libvirt waits for a job of {0} at which nobody seems to work.', vm),
      nextStep: t('Try again; if it stays so, restart libvirt’s service (libvirtd or virtqemud); running VMs go on.'),
    };
  }
  return { sentence: holder(vm, editor), nextStep: t('Try again when it has ended.') };
}

function holder(vm: string | undefined, editor: string | undefined): string {
  if (vm === undefined) {
    return t('Another operation is under way.');
  }
  return editor === undefined
    ? t('Another operation holds {0}.', vm)
    : t('{0}, perhaps in another window, is carrying out an operation on {1}.', editor, vm);
}
