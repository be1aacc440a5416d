// That a rule refused an operation, that somebody cancelled it, or that it stopped with a part done, or was reported as
// done and was not: what became of that part, aftermathText tells.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import type { FailureText } from './failureSentences.js';
import { isForTheDoctor, refusalText } from '../refusals/refusalText.js';
import { wayTo, lookAgain } from '../ways.js';
import { leftByCancel } from '../operations/operationText.js';

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
          ? t('The guest of {0} was asked to restart and may still restart.', vm)
          : t('The guest of {0} was asked to shut down and may still shut down.', vm),
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

export function brokenPromiseText({ vm = '' }: FailureDetails) {
  return {
    sentence: t('libvirt reported success, but part of the operation on {0} is missing.', vm),
    nextStep: t('What is left, and what to do next: {0}', wayTo('examine', vm)),
    offers: 'examine' as const,
  };
}

interface RefusedText extends Pick<FailureText, 'sentence' | 'nextStep' | 'severity'> {
  readonly offers: 'examine' | 'remedy';
}

interface StoppedText extends Pick<FailureText, 'sentence' | 'nextStep' | 'severity'> {
  readonly offers?: 'connect';
}

/** Nobody may read that nothing was changed where something else came to its end before: see aftermathText. */
export function refusedText({ vm, refusal, recoveredFirst }: FailureDetails): RefusedText {
  const { reason, nextStep } =
    refusal === undefined ? { reason: t('A safety rule forbids it.'), nextStep: '' } : refusalText(refusal, vm);
  return {
    sentence: recoveredFirst === undefined ? t('{0} Nothing was changed.', reason) : reason,
    nextStep,
    severity: 'warning',
    offers: vm !== undefined && refusal !== undefined && isForTheDoctor(refusal) ? 'examine' : 'remedy',
  };
}

/**
 * | what became of it     | what to do                       | severity |
 * |-----------------------|----------------------------------|----------|
 * | all of it is done     | nothing                          | warning  |
 * | before, or parts of it | what the refusal says           | warning  |
 * | it stands half way    | what the refusal says            | error    |
 * | nobody could look     | connect: it is taken up then     | error    |
 */
export function stoppedText({ vm, recovered, refusal }: FailureDetails): StoppedText {
  const why =
    refusal === undefined ? { reason: t('A safety rule forbids it.'), nextStep: '' } : refusalText(refusal, vm);
  const sentence = t('{0} Part of the operation was already done.', why.reason);
  if (recovered === undefined) {
    return {
      sentence,
      nextStep: t('Connect again. Virt Rewind then finds and finishes interrupted operations.'),
      severity: 'error',
      offers: 'connect',
    };
  }
  const isHalfWay = recovered === 'explained' || recovered === 'failed';
  return {
    sentence,
    nextStep: recovered === 'after' ? '' : why.nextStep,
    severity: isHalfWay ? 'error' : 'warning',
  };
}
