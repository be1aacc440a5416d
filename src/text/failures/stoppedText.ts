// That a rule refused an operation, or stopped one of which a part was done; what became of that part, aftermathText
// tells. A part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import type { FailureText } from './failureSentences.js';
import { isForTheDoctor, refusalText } from '../refusals/refusalText.js';

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
