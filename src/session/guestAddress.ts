// Where a guest can be reached, asked for by a session.
import { systemClock } from '../base/clock.js';
import type { VmRef } from '../domain/vm.js';
import { guestAddress as addressWithin } from '../engine/guestAddress.js';
import type { Session } from './session.js';

export function guestAddress(
  { engine }: Session,
  ref: VmRef,
  atMostMs: number,
  signal: AbortSignal,
): ReturnType<typeof addressWithin> {
  return addressWithin(atMostMs, { clock: systemClock, signal, addressesOf: () => engine.guests.addressesOf(ref) });
}
