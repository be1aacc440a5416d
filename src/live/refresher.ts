// Gathers what became stale and reads it together a moment later. It refuses to know why it became stale.
import type { Disposable } from '../base/disposable.js';
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import type { Clock } from '../base/clock.js';
import type { Aspect } from './staleness.js';

/** From the first stale thing to the read: events come in groups. */
const gatherMs = 40;
/** Between two reads while events keep coming. */
const pauseMs = 300;

interface RefresherOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly read: (uuid: string, aspects: ReadonlySet<Aspect>) => Promise<void>;
  /** Somebody looks at these VMs, and the connection is open. */
  readonly isLive: () => boolean;
  /** An operation of ours runs on this VM; it reads the VM itself. */
  readonly isHeld: (uuid: string) => boolean;
}

/** What may not be read now is remembered until it may and `flush` is called. */
export class Refresher implements Disposable {
  readonly #options: RefresherOptions;
  readonly #stale = new Map<string, Set<Aspect>>();
  #timer: Disposable | undefined;
  #lastRead = Number.NEGATIVE_INFINITY;

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  mark(uuid: string, aspects: Iterable<Aspect>): void {
    this.#stale.set(uuid, new Set([...(this.#stale.get(uuid) ?? []), ...aspects]));
  }

  /** What is stale in a VM, for somebody who reads it now, or because the VM is gone; forgotten here. */
  take(uuid: string): ReadonlySet<Aspect> {
    const aspects = this.#stale.get(uuid) ?? new Set();
    this.#stale.delete(uuid);
    return aspects;
  }

  flushSoon(): void {
    if (this.#timer === undefined && this.#options.isLive() && this.#readable().length > 0) {
      const wait = Math.max(gatherMs, this.#lastRead + pauseMs - this.#options.clock.ticks());
      this.#timer = this.#options.clock.setTimer(wait, () => void this.flush());
    }
  }

  /** Reads all that is stale, whether somebody looks or not; never rejects, for the picture shows what failed. */
  async flush(): Promise<void> {
    this.pause();
    this.#lastRead = this.#options.clock.ticks();
    await Promise.all(
      this.#readable().map(async (uuid) => {
        try {
          await this.#options.read(uuid, this.take(uuid));
        } catch (error) {
          this.#options.log.debug(`could not read VM ${uuid}: ${asFailure(error).kind}`);
        }
      }),
    );
  }

  /** Takes back a `flushSoon`; what is stale is kept. */
  pause(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  dispose(): void {
    this.pause();
    this.#stale.clear();
  }

  #readable(): readonly string[] {
    return [...this.#stale.keys()].filter((uuid) => !this.#options.isHeld(uuid));
  }
}
