// The last failures of which a message was shown in this window, so that each can be read again.
import { Emitter } from '../base/emitter.js';
import type { ConnectionView } from '../live/views.js';

export interface KeptFailure {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** As the palette calls the command; empty: another message's button. */
  readonly command: string;
  readonly vm?: string | undefined;
  /** It failed because this one was away. */
  readonly away?: string | undefined;
  readonly isRefusal: boolean;
  readonly message: string;
  /** Shows the message once more, with its buttons. */
  readonly show: () => void;
}

const most = 20;

class KeptFailures {
  #all: readonly KeptFailure[] = [];
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;

  /** The newest first. */
  get all(): readonly KeptFailure[] {
    return this.#all;
  }

  add(failure: KeptFailure): void {
    this.#all = [failure, ...this.#all].slice(0, most);
    this.#changed.fire();
  }

  /** What failed because a connection was away that is back. */
  removeBack(connections: readonly ConnectionView[]): void {
    const back = new Set(
      connections.flatMap(({ uri, state, lastSeenAt }) =>
        state === 'connected' && lastSeenAt === undefined ? [uri] : [],
      ),
    );
    const left = this.#all.filter(({ away }) => away === undefined || !back.has(away));
    if (left.length < this.#all.length) {
      this.#all = left;
      this.#changed.fire();
    }
  }

  /** @param failure absent: all */
  remove(failure?: KeptFailure): void {
    this.#all = failure === undefined ? [] : this.#all.filter((one) => one !== failure);
    this.#changed.fire();
  }
}

export const keptFailures = new KeptFailures();
