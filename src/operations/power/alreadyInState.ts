// Who says what state is wanted has it already, where who says what is to be done is refused. Pure.
import { isOffAfter, type PowerAction } from '../../domain/operation.js';
import type { Refusal } from '../../domain/refusal.js';

export function isAlreadyInState(action: PowerAction, refusal: Refusal | undefined): boolean {
  if (action === 'start') {
    return refusal?.reason === 'notOff' && refusal.facts['state'] === 'running';
  }
  return isOffAfter(action) && refusal?.reason === 'notRunning' && refusal.facts['state'] === 'off';
}
