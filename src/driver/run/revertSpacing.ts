// Keeps two reverts of a VM a second apart. Knows nothing of clocks but how much time has passed.
import { waitUntil } from './waitStep.js';

/** Clocks do not run equally fast. */
const marginMs = 50;

/**
 * libvirt names a VM's new overlays by the second of its own host, whose clock may be ahead of ours or behind, and looks
 * whether the names are free only when it has stopped the VM. Whatever its clock says, a second after a revert has come
 * back it shows another one.
 */
export class RevertSpacing {
  readonly #now: () => number;
  /** When the last revert of a VM came back, by its UUID. */
  readonly #ended = new Map<string, number>();

  /** @param now milliseconds that only grow */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  isDue(uuid: string): boolean {
    const ended = this.#ended.get(uuid);
    return ended === undefined || this.#now() - ended >= 1_000 + marginMs;
  }

  /** @throws the signal's reason */
  async untilDue(uuid: string, signal: AbortSignal): Promise<void> {
    const ended = this.#ended.get(uuid);
    if (ended !== undefined) {
      await waitUntil((ended + marginMs) / 1_000, signal, this.#now);
    }
  }

  /** Also of one that failed: it may have made its overlays before. */
  hasEnded(uuid: string): void {
    this.#ended.set(uuid, this.#now());
  }
}
