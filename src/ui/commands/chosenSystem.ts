// The system of VMs that a workspace works with: chosen once, remembered with the workspace. One that is gone is
// forgotten, and that is said once. While the systems cannot be read it is remembered: a folder that is away for a
// while may come back.
import type { Memento } from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import { Emitter } from '../../base/emitter.js';
import type { KnownSystems } from '../../systems/knownSystems.js';
import type { ShownSystem } from '../../text/systemRows.js';

const key = 'workedSystem';

interface RememberedSystem {
  readonly id: string;
  readonly name: string;
}

export class ChosenSystem implements Disposable {
  readonly #kept: Pick<Memento, 'get' | 'update'>;
  readonly #known: Pick<KnownSystems, 'read' | 'onDidChange' | 'isRead' | 'find'>;
  readonly #shown: (id: string) => ShownSystem | undefined;
  readonly #onGone: (name: string) => void;
  readonly #changed = new Emitter<void>();
  readonly #store = new DisposableStore();
  readonly onDidChange = this.#changed.event;
  #isRead = false;

  /** Reads nothing where none was chosen. */
  constructor(
    kept: Pick<Memento, 'get' | 'update'>,
    known: Pick<KnownSystems, 'read' | 'onDidChange' | 'isRead' | 'find'>,
    shown: (id: string) => ShownSystem | undefined,
    onGone: (name: string) => void,
  ) {
    this.#kept = kept;
    this.#known = known;
    this.#shown = shown;
    this.#onGone = onGone;
    this.#store.add(known.onDidChange(() => this.#look()));
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
    if (this.#remembered !== undefined) {
      await this.#known.read();
      this.#look();
    }
    return this.shown;
  }

  get shown(): ShownSystem | undefined {
    return this.#remembered && this.#shown(this.#remembered.id);
  }

  /** What it was called, where it was chosen and is not found. */
  get lostName(): string | undefined {
    return this.#isRead && this.shown === undefined ? this.#remembered?.name : undefined;
  }

  /** @param system undefined: none any more */
  async choose(system: RememberedSystem | undefined): Promise<void> {
    await this.#kept.update(key, system && { id: system.id, name: system.name });
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

  /** As another version may have written it. */
  get #remembered(): RememberedSystem | undefined {
    const kept = this.#kept.get<Partial<RememberedSystem>>(key);
    return typeof kept?.id === 'string' && typeof kept.name === 'string' ? { id: kept.id, name: kept.name } : undefined;
  }
}
