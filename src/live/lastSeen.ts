// When a connection was heard last, for as long as nothing is heard of it. It refuses to know why.
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import type { Hypervisor } from '../driver/hypervisor.js';
import type { Store } from './store.js';

/** A daemon that gives no answer is noticed about so long after its last one. */
const silenceMs = 6_000;

export class LastSeen {
  readonly #uri: string;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(uri: string, store: Store, clock: Clock) {
    this.#uri = uri;
    this.#store = store;
    this.#clock = clock;
  }

  /** Nothing is heard from now on; undefined: nothing ever was. Milliseconds since 1970. */
  from(ago = 0): number | undefined {
    const before = this.#store.connection(this.#uri);
    return before?.lastSeenAt ?? (before?.loaded === true ? this.#clock.now() - ago : undefined);
  }

  follow(hypervisor: Hypervisor): Disposable {
    return hypervisor.onDidChangeSilence((isSilent) => {
      this.#store.patchConnection(this.#uri, { lastSeenAt: isSilent ? this.from(silenceMs) : undefined });
    });
  }
}
