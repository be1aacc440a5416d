// The systems of VMs that are written down, for who shows them: read when somebody looks, and again when a file of them changed.
// Asks no VM, and watches no file while nobody looks.
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import type { Disposable } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';
import type { Log } from '../base/log.js';
import type { StoredSystem } from '../domain/system.js';
import { type GroupEntry, GroupJournal } from '../journal/groupJournal.js';
import { SystemStore } from '../journal/systemStore.js';

export interface KnownSystem extends StoredSystem {
  /** What was begun on it and has not ended: somebody is at it, or it broke off. */
  readonly unfinished?: GroupEntry;
}

/** A change is of several files. */
const settleMs = 100;

export class KnownSystems implements Disposable {
  readonly #folder: string;
  readonly #log: Log;
  readonly #store: SystemStore;
  readonly #groups: GroupJournal;
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  #all: readonly KnownSystem[] = [];
  #watchers: readonly FSWatcher[] = [];
  readonly #lookers = new Set<unknown>();
  #settling: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  /** @param folder of the journal */
  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
    this.#store = new SystemStore(folder, log);
    this.#groups = new GroupJournal(folder, log);
  }

  /** By name; as they were read last. */
  get all(): readonly KnownSystem[] {
    return this.#all;
  }

  find(id: string): KnownSystem | undefined {
    return this.#all.find(({ system }) => system.id === id);
  }

  /** Somebody looks, or does no longer. @param looker tells those that look apart */
  watch(looker: unknown, isLooking: boolean): void {
    const wasWatched = this.#isWatched;
    if (isLooking) {
      this.#lookers.add(looker);
    } else {
      this.#lookers.delete(looker);
    }
    if (this.#isWatched !== wasWatched) {
      this.#unwatch();
      if (isLooking) {
        void this.read();
      }
    }
  }

  get #isWatched(): boolean {
    return this.#lookers.size > 0;
  }

  /** Never rejects: what cannot be read is logged, and stays as it was known. */
  read(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  dispose(): void {
    this.#lookers.clear();
    this.#unwatch();
    this.#changed.dispose();
  }

  async #read(): Promise<void> {
    try {
      // Before the files are read: what changes meanwhile is read again.
      this.#unwatch();
      const { systems } = this.#isWatched ? await this.#watchAll() : await this.#store.list();
      const { entries } = systems.length === 0 ? { entries: [] } : await this.#groups.unfinished();
      const known = systems.map((stored): KnownSystem => {
        const unfinished = entries.find(({ system }) => system.id === stored.system.id);
        return { ...stored, ...(unfinished !== undefined && { unfinished }) };
      });
      if (JSON.stringify(known) !== JSON.stringify(this.#all)) {
        this.#all = known;
        this.#changed.fire();
      }
    } catch (error) {
      this.#log.warn(`systems of VMs cannot be read: ${String(error)}`);
    }
  }

  /** Each system has a folder of its own, which is known only when the list is read. */
  async #watchAll(): Promise<Awaited<ReturnType<SystemStore['list']>>> {
    const root = join(this.#folder, 'systems');
    this.#watchOne(this.#watchOne(root) ? join(this.#folder, 'groups') : this.#folder);
    const { systems } = await this.#store.list();
    for (const { system } of systems) {
      this.#watchOne(join(root, system.id));
    }
    return this.#store.list();
  }

  /** @returns false where it is not there */
  #watchOne(folder: string): boolean {
    if (!this.#isWatched) {
      return true;
    }
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#settle());
      watcher.on('error', () => watcher.close());
      this.#watchers = [...this.#watchers, watcher];
      return true;
    } catch {
      return false;
    }
  }

  #settle(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      void this.read();
    }, settleMs);
  }

  #unwatch(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    for (const watcher of this.#watchers) {
      watcher.close();
    }
    this.#watchers = [];
  }
}
