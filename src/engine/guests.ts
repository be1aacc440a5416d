// What is looked at and done inside of guests, by the VM it is about.
import type { GuestAddress, GuestPort } from '../domain/guestAddress.js';
import type { Tuning } from '../domain/speed.js';
import type { VmRef } from '../domain/vm.js';
import type { Chord, Click } from '../domain/keys.js';
import type { GuestCommand, GuestRun } from '../domain/guestCommand.js';
import type { GuestLine, GuestAccess } from '../driver/guestAccess.js';
import type { LiveConnection } from '../live/liveConnection.js';
import type { GuestsPort } from './enginePort.js';
import type { Persistence } from '../journal/persistence.js';

type WithConnection = <T>(uri: string, question: (live: LiveConnection) => Promise<T>) => Promise<T>;

export class Guests implements GuestsPort {
  readonly #live: WithConnection;
  readonly #thumbnails: Persistence['thumbnails'];

  constructor(live: WithConnection, { thumbnails }: Pick<Persistence, 'thumbnails'>) {
    this.#live = live;
    this.#thumbnails = thumbnails;
  }

  shownAt(ref: VmRef, createdAt: number): Promise<Uint8Array | undefined> {
    return this.#thumbnails.of(ref, createdAt);
  }

  consoleOf({ connection, uuid }: VmRef): Promise<GuestLine> {
    return this.#asking(connection, (guests) => guests.consoleOf(uuid));
  }

  displayOf({ connection, uuid }: VmRef): Promise<GuestLine> {
    return this.#asking(connection, (guests) => guests.displayOf(uuid));
  }

  debuggerOf({ connection, uuid }: VmRef, socket: string | undefined): Promise<GuestLine> {
    return this.#asking(connection, (guests) => guests.debuggerOf(uuid, socket));
  }

  closeDebugger({ connection, uuid }: VmRef): Promise<void> {
    return this.#asking(connection, (guests) => guests.closeDebugger(uuid));
  }

  displayKindOf({ connection, uuid }: VmRef): Promise<'vnc' | 'spice' | 'none'> {
    return this.#asking(connection, (guests) => guests.displayKindOf(uuid));
  }

  displayPasswordOf({ connection, uuid }: VmRef): Promise<string | undefined> {
    return this.#asking(connection, (guests) => guests.displayPasswordOf(uuid));
  }

  addressesOf({ connection, uuid }: VmRef, seen?: 'byHost'): Promise<readonly GuestAddress[]> {
    return this.#asking(connection, (guests) => guests.addressesOf(uuid, seen));
  }

  networksOf({ connection, uuid }: VmRef): Promise<readonly string[]> {
    return this.#asking(connection, (guests) => guests.networksOf(uuid));
  }

  pressKeys({ connection, uuid }: VmRef, chords: readonly Chord[], signal: AbortSignal): Promise<void> {
    return this.#asking(connection, (guests) => guests.pressKeys(uuid, chords, signal));
  }

  click({ connection, uuid }: VmRef, where: Click): Promise<void> {
    return this.#asking(connection, (guests) => guests.click(uuid, where));
  }

  portOf({ connection, uuid }: VmRef, port: number): Promise<GuestPort | undefined> {
    return this.#asking(connection, (guests) => guests.portOf(uuid, port));
  }

  screenshotOf({ connection, uuid }: VmRef): Promise<Uint8Array> {
    return this.#asking(connection, (guests) => guests.screenshotOf(uuid));
  }

  thumbnailOf({ connection, uuid }: VmRef): Promise<Uint8Array | undefined> {
    return this.#asking(connection, (guests) => guests.thumbnailOf(uuid));
  }

  runIn({ connection, uuid }: VmRef, command: GuestCommand, signal: AbortSignal): Promise<GuestRun> {
    return this.#asking(connection, (guests) => guests.runIn(uuid, command, signal));
  }

  settleFork({ connection, uuid }: VmRef): Promise<void> {
    return this.#asking(connection, (guests) => guests.settleFork(uuid));
  }

  tuningOf({ connection, uuid }: VmRef): Promise<Tuning> {
    return this.#asking(connection, (guests) => guests.tuningOf(uuid));
  }

  dirtyRateOf({ connection, uuid }: VmRef): Promise<number | undefined> {
    return this.#asking(connection, (guests) => guests.dirtyRateOf(uuid));
  }

  freeMemoryOf(connection: string): Promise<number | undefined> {
    return this.#asking(connection, (guests) => guests.freeMemory());
  }

  #asking<T>(uri: string, question: (guests: GuestAccess) => Promise<T>): Promise<T> {
    return this.#live(uri, async (live) => question((await live.open()).guests));
  }
}
