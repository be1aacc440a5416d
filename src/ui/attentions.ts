// Several views look at the same engine, which follows one attention: theirs together.
import type { EnginePort } from '../engine/enginePort.js';
import { type Attention, type VmView, vmKey } from '../live/views.js';
import type { Disposable } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';

/** What one view looks at. Ended, it looks at nothing. */
export interface AttentionShare extends Disposable {
  set(attention: Attention): void;
}

export class Attentions {
  readonly #engine: Pick<EnginePort, 'setAttention'>;
  readonly #shares = new Map<AttentionShare, Attention>();
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;

  constructor(engine: Pick<EnginePort, 'setAttention'>) {
    this.#engine = engine;
  }

  /** Some view that is seen shows its state, so that it is followed. */
  isLookedAt(ref: VmView['ref']): boolean {
    return this.#visible.some(({ connections, vms }) => connections.has(ref.connection) || vms.has(vmKey(ref)));
  }

  /** Some view is seen. */
  get isVisible(): boolean {
    return this.#visible.length > 0;
  }

  get #visible(): readonly Attention[] {
    return [...this.#shares.values()].filter(({ visible }) => visible);
  }

  share(): AttentionShare {
    const share: AttentionShare = {
      set: (attention) => {
        this.#shares.set(share, attention);
        this.#tell();
      },
      dispose: () => {
        if (this.#shares.delete(share)) {
          this.#tell();
        }
      },
    };
    return share;
  }

  /** What a hidden view would look at counts for nothing, lest another that is seen makes it be followed. */
  #tell(): void {
    const visible = this.#visible;
    this.#engine.setAttention({
      visible: this.isVisible,
      connections: new Set(visible.flatMap(({ connections }) => [...connections])),
      vms: new Set(visible.flatMap(({ vms }) => [...vms])),
    });
    this.#changed.fire();
  }
}
