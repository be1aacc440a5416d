// The system of VMs that a workspace works with: chosen once, remembered with the workspace; else that of its lab. One
// that was chosen and is gone is forgotten, and that is said once. While the systems cannot be read it is remembered: a
// folder that is away for a while may come back.
import type { Memento } from 'vscode';
import { type Disposable, DisposableStore } from '../../../base/disposable.js';
import { Emitter } from '../../../base/emitter.js';
import type { KnownSystems } from '../../../systems/knownSystems.js';
import type { ShownSystem } from '../../../text/systems/systemRows.js';

const key = 'workedSystem';

/** Kept where somebody chose to work with a VM, in a workspace with a lab. */
const noSystem = false;

interface RememberedSystem {
  readonly id: string;
  readonly name: string;
}

interface ChosenSystemOptions {
  /** The one that was chosen no longer exists. */
  readonly onGone: (name: string) => void;
  /** The id of the system of the workspace's lab. @param before as it was read last */
  readonly ofLab: (before: string | undefined) => Promise<string | undefined>;
}

export class ChosenSystem implements Disposable {
  readonly #kept: Pick<Memento, 'get' | 'update'>;
  readonly #known: Pick<KnownSystems, 'read' | 'onDidChange' | 'isRead' | 'find'>;
  readonly #shown: (id: string) => ShownSystem | undefined;
  readonly #onGone: ChosenSystemOptions['onGone'];
  readonly #ofLab: ChosenSystemOptions['ofLab'];
  readonly #changed = new Emitter<void>();
  readonly #store = new DisposableStore();
  readonly onDidChange = this.#changed.event;
  #isRead = false;
  /** The id of the system of the workspace's lab. */
  #lab: string | undefined;

  /** Reads no system where none was chosen and there is no lab. */
  constructor(
    kept: Pick<Memento, 'get' | 'update'>,
    known: Pick<KnownSystems, 'read' | 'onDidChange' | 'isRead' | 'find'>,
    shown: (id: string) => ShownSystem | undefined,
    { onGone, ofLab }: ChosenSystemOptions,
  ) {
    this.#kept = kept;
    this.#known = known;
    this.#shown = shown;
    this.#onGone = onGone;
    this.#ofLab = ofLab;
    this.#store.add(
      known.onDidChange(() => {
        this.#look();
        void this.#lookAtLab();
      }),
    );
    void this.#lookAtLab();
    if (this.#remembered === undefined) {
      this.#isRead = true;
    } else {
      void known.read().then(() => {
        this.#isRead = true;
        this.#look();
      });
    }
  }

  /** As `shown`, when the systems have been read: in the first moments of a window they are not. */
  async find(): Promise<ShownSystem | undefined> {
    await this.#lookAtLab();
    if (this.#id !== undefined) {
      await this.#known.read();
      this.#look();
    }
    return this.shown;
  }

  get shown(): ShownSystem | undefined {
    const id = this.#id;
    return id === undefined ? undefined : this.#shown(id);
  }

  /** What it was called, where it was chosen and is not found. */
  get lostName(): string | undefined {
    return this.#isRead && this.shown === undefined ? this.#remembered?.name : undefined;
  }

  /** @param system `vm`: none; undefined: that of the lab, or none */
  async choose(system: RememberedSystem | 'vm' | undefined): Promise<void> {
    await this.#kept.update(key, system === 'vm' ? noSystem : system && { id: system.id, name: system.name });
    this.#changed.fire();
  }

  dispose(): void {
    this.#store.dispose();
    this.#changed.dispose();
  }

  #look(): void {
    const remembered = this.#remembered;
    if (remembered !== undefined && this.#known.isRead && this.#known.find(remembered.id) === undefined) {
      void this.choose(undefined);
      this.#onGone(remembered.name);
    } else {
      this.#changed.fire();
    }
  }

  /** What was made of the lab may be there only now. */
  async #lookAtLab(): Promise<void> {
    const lab = await this.#ofLab(this.#lab);
    if (lab !== this.#lab) {
      this.#lab = lab;
      await this.#known.read();
      this.#changed.fire();
    }
  }

  get #id(): string | undefined {
    return this.#remembered?.id ?? (this.#kept.get(key) === noSystem ? undefined : this.#lab);
  }

  /** As another version may have written it. */
  get #remembered(): RememberedSystem | undefined {
    const { id, name } = this.#kept.get<Partial<RememberedSystem>>(key) ?? {};
    return typeof id === 'string' && typeof name === 'string' ? { id, name } : undefined;
  }
}
