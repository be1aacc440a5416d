// That something was reported as done and was not. A part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../domain/failure.js';

export function brokenPromiseText({ vm = '' }: FailureDetails) {
  return {
    sentence: t('libvirt reported success, but not everything was done on {0}.', vm),
    nextStep: t('Examine the VM: the doctor tells what is left, and how to go on.'),
    offers: 'examine' as const,
  };
}
