// Where a guest can be reached, asked for by a session.
import { systemClock } from '../base/clock.js';
import { guestAddress as addressWithin } from '../engine/guestAddress.js';
import type { VmView } from '../live/views.js';
import { requireGuestOn } from './requireGuestOn.js';
import type { Session } from './session.js';

/** @param view as it was read just now. @throws Failure `refused` where its guest is not on */
export async function guestAddress(
  { engine }: Session,
  { ref, vm }: VmView,
  atMostMs: number,
  signal: AbortSignal,
): ReturnType<typeof addressWithin> {
  requireGuestOn(vm);
  return addressWithin(atMostMs, { clock: systemClock, signal, addressesOf: () => engine.guests.addressesOf(ref) });
}
