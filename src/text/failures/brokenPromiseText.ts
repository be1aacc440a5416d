// That something was reported as done and was not. A part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import { wayTo } from '../ways.js';

export function brokenPromiseText({ vm = '' }: FailureDetails) {
  return {
    sentence: t('libvirt reported success, but part of the operation on {0} is missing.', vm),
    nextStep: t('What is left, and what to do next: {0}', wayTo('examine', vm)),
    offers: 'examine' as const,
  };
}
