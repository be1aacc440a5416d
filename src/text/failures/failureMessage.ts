// Failure → one text: what happened, the state, what to do next.
import type { Failure } from '../../domain/failure.js';
import { failureText } from './failureText.js';

/** @param state what is so all the same, between what happened and what to do next */
export function failureMessage(failure: Failure, state = ''): string {
  const { sentence, nextStep } = failureText(failure);
  return [sentence, state, nextStep].filter((part) => part !== '').join(' ');
}
