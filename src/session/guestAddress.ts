// Where a guest can be reached, which it may tell only a while after it was started.
import { systemClock } from '../base/clock.js';
import type { VmRef } from '../domain/vm.js';
import type { Session } from './session.js';
import { waitedFor } from './waitedFor.js';

const betweenLooksMs = 500;

export async function guestAddress(
  session: Session,
  ref: VmRef,
  atMostMs: number,
  signal: AbortSignal,
): Promise<{ readonly address: string; readonly leftMs: number } | 'late' | 'stopped'> {
  const until = systemClock.ticks() + atMostMs;
  for (;;) {
    const [first] = await session.inventory.guests.addressesOf(ref);
    const leftMs = Math.max(0, until - systemClock.ticks());
    if (first !== undefined) {
      return { address: first.address, leftMs };
    }
    if (signal.aborted) {
      return 'stopped';
    }
    if (leftMs === 0) {
      return 'late';
    }
    await waitedFor(session, { what: 'time', atMostMs: Math.min(leftMs, betweenLooksMs) }, signal);
  }
}
