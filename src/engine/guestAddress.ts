// Where a guest can be reached, which it may tell only a while after it was started.
import { asFailure } from '../domain/asFailure.js';
import type { GuestAddress, GuestPort } from '../domain/guestAddress.js';
import type { VmRef } from '../domain/vm.js';
import type { VmView } from '../live/views.js';
import type { PortWait } from '../domain/wait.js';
import type { EnginePort, GuestsPort } from './enginePort.js';
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
  const found = (await guests.networksOf(ref)).length === 0 ? await guests.portOf(ref, port) : undefined;
  return found && { address: found.address, port: found.port };
}

interface PortSearch extends AddressSearch {
  readonly engine: Pick<EnginePort, 'openHost'> & {
    readonly guests: Pick<GuestsPort, 'networksOf' | 'portOf'>;
  };
  readonly view: Pick<VmView, 'ref' | 'vm'>;
}

/** The same, of a QEMU that may open none yet, for it has just started. */
async function portInTime(
  until: number,
  { clock, signal }: Pick<WaitContext, 'clock' | 'signal'>,
  ...of: Parameters<typeof portAtHost>
): Promise<GuestPort | 'stopped' | undefined> {
  for (;;) {
    try {
      return await portAtHost(...of);
    } catch (error) {
      if (!['busy', 'late', 'failed'].includes(asFailure(error).kind) || clock.ticks() >= until) {
        throw error;
      }
      if (signal.aborted) {
        return 'stopped';
      }
      await pause(clock, betweenLooksMs, signal);
    }
  }
}

/** How a port of a guest is waited for: where a port of this computer alone leads to it, by that. @throws Failure */
export async function guestPort(
  port: number,
  inMs: number,
  { engine, view: { ref, vm }, ...search }: PortSearch,
): Promise<PortWait | 'late' | 'stopped'> {
  const { guests } = engine;
  const until = search.clock.ticks() + inMs;
  const isHere = (await engine.openHost(ref.connection, 'toRead')) === undefined;
  const by = isHere ? await portInTime(until, search, guests, ref, port) : undefined;
  const atMostMs = Math.max(0, until - search.clock.ticks());
  if (by === 'stopped') {
    return by;
  }
  if (by !== undefined) {
    // A VM that is off by now answers nobody; the next look tells.
    const isTaken = (): Promise<boolean | undefined> =>
      guests.portOf(ref, port).then(
        (now) => now?.isTaken,
        () => false,
      );
    return { what: 'port', host: vm.name, port, atMostMs, by: { ...by, isTaken } };
  }
  const found = await guestAddress(atMostMs, search);
  return typeof found === 'string' ? found : { what: 'port', host: found.address, port, atMostMs: found.leftMs };
}
