// Where a guest can be reached, which it may tell only a while after it was started.
import type { GuestAddress, GuestPort } from '../domain/guestAddress.js';
import type { VmRef } from '../domain/vm.js';
import type { GuestsPort } from './enginePort.js';
import { pause, type WaitContext } from './waitFor.js';

const betweenLooksMs = 500;

interface AddressSearch extends Pick<WaitContext, 'clock' | 'signal'> {
  readonly addressesOf: () => Promise<readonly GuestAddress[]>;
}

/** @throws whatever asking for the addresses throws */
export async function guestAddress(
  atMostMs: number,
  { clock, signal, addressesOf }: AddressSearch,
): Promise<{ readonly address: string; readonly leftMs: number } | 'late' | 'stopped'> {
  const until = clock.ticks() + atMostMs;
  for (;;) {
    const [first] = await addressesOf();
    const leftMs = Math.max(0, until - clock.ticks());
    if (first !== undefined) {
      return { address: first.address, leftMs };
    }
    if (signal.aborted) {
      return 'stopped';
    }
    if (leftMs === 0) {
      return 'late';
    }
    await pause(clock, Math.min(leftMs, betweenLooksMs), signal);
  }
}

/** Returns what leads to a guest whose network has no other member, so that no address leads to it. @throws Failure */
export async function portAtHost(
  guests: Pick<GuestsPort, 'networksOf' | 'portOf'>,
  ref: VmRef,
  port: number,
): Promise<GuestPort | undefined> {
  return (await guests.networksOf(ref)).length === 0 ? guests.portOf(ref, port) : undefined;
}
