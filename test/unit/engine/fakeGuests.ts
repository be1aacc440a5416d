// Guests made by hand: a console that a test holds at both ends.
import { Duplex, PassThrough } from 'node:stream';
import { Emitter } from '../../../src/base/emitter.js';
import type { Tuning } from '../../../src/domain/speed.js';
import type { GuestAddress } from '../../../src/domain/guestAddress.js';
import type { Failure } from '../../../src/domain/failure.js';
import type { GuestLine, GuestAccess } from '../../../src/driver/guestAccess.js';

/** The guest's end of a console that somebody opened. */
export interface GuestEnd {
  readonly taking: 'ifFree' | 'byForce';
  say(text: string): void;
  readonly heard: () => string;
  hangUp(error?: Error): void;
  readonly isOpen: () => boolean;
}

export class FakeGuests implements GuestAccess {
  tuning: Tuning = { disks: {}, networks: {} };
  /** What the next opening of a console gives. */
  next: 'open' | 'off' | Failure = 'open';
  /** Why no line can be had at all. */
  broken: Failure | undefined;
  readonly opened: GuestEnd[] = [];
  readonly changes = new Emitter<'power' | 'reverted'>();
  readonly closings = new Emitter<Failure>();
  lines = 0;

  runIn(): Promise<never> {
    return Promise.reject(new Error('no program is run in this guest'));
  }

  settleFork(): Promise<void> {
    return Promise.resolve();
  }

  freeMemory(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  consoleOf(): Promise<GuestLine> {
    if (this.broken !== undefined) {
      return Promise.reject(this.broken);
    }
    this.lines += 1;
    return Promise.resolve({
      onDidChangeVm: this.changes.event,
      onDidClose: this.closings.event,
      open: (taking: 'ifFree' | 'byForce') => this.#open(taking),
      dispose: () => (this.lines -= 1),
    });
  }

  displayOf(): Promise<GuestLine> {
    return this.consoleOf();
  }

  debuggerOf(): Promise<GuestLine> {
    return this.consoleOf();
  }

  closeDebugger(): Promise<void> {
    return Promise.resolve();
  }

  displayKindOf(): Promise<'none'> {
    return Promise.resolve('none');
  }

  displayPasswordOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  addresses: readonly GuestAddress[] = [];

  addressesOf(): Promise<readonly GuestAddress[]> {
    return Promise.resolve(this.addresses);
  }

  thumbnailOf(): Promise<Uint8Array | undefined> {
    return Promise.resolve(Uint8Array.of(1));
  }

  tuningOf(): Promise<Tuning> {
    return Promise.resolve(this.tuning);
  }

  networksOf(): Promise<readonly string[]> {
    return Promise.resolve(['virbr0']);
  }

  portOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  readDebugger(): Promise<'none'> {
    return Promise.resolve('none');
  }

  dirtyRateOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  pressKeys(): Promise<void> {
    return Promise.resolve();
  }

  click(): Promise<void> {
    return Promise.resolve();
  }

  screenshotOf(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(0));
  }

  get last(): GuestEnd {
    return this.opened.at(-1)!;
  }

  #open(taking: 'ifFree' | 'byForce'): Promise<Duplex | undefined> {
    if (this.next === 'off') {
      return Promise.resolve(undefined);
    }
    if (this.next !== 'open' && taking === 'ifFree') {
      return Promise.reject(this.next);
    }
    const [fromGuest, toGuest] = [new PassThrough(), new PassThrough()];
    let heard = '';
    toGuest.on('data', (bytes: Buffer) => (heard += bytes.toString()));
    const stream = Duplex.from({ readable: fromGuest, writable: toGuest });
    this.opened.push({
      taking,
      say: (text) => fromGuest.write(text),
      heard: () => heard,
      hangUp: (error) => (error === undefined ? fromGuest.end() : fromGuest.destroy(error)),
      isOpen: () => !stream.destroyed,
    });
    return Promise.resolve(stream);
  }
}
