// A guest that stands still answers nothing: a wait for it, or a program in it, is refused at once.
import { Failure } from '../domain/failure.js';
import { refuse } from '../domain/refusal.js';
import { isPausedToBeSaved, type Vm } from '../domain/vm.js';

/** A VM that is paused while it is saved counts as on. @throws Failure `refused` */
export function requireGuestOn({ name, power, powerReason }: Pick<Vm, 'name' | 'power' | 'powerReason'>): void {
  const isOff = power === 'off' || power === 'crashed';
  if (isOff || (power === 'paused' && !isPausedToBeSaved({ power, powerReason }))) {
    const { refusal } = refuse('notRunning', { vm: name, state: power, wanted: 'guest' });
    throw new Failure('refused', { vm: name, refusal });
  }
}
