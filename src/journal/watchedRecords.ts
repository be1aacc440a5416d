// Records that are written down, for who shows them: read when somebody looks, and again when a file of them changed.
// Watches no file while nobody looks.
import { type FSWatcher, watch } from 'node:fs';
import type { Disposable } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';
import type { Log } from '../base/log.js';

/** A change is of several files. */
const settleMs = 100;

/** @returns false where the folder is not there */
export type WatchFolder = (folder: string) => boolean;

interface WatchedRecordsOptions<T> {
  /** What they are called in the log. */
  readonly what: string;
  readonly log: Log;
  /** @param watchFolder absent while nobody looks */
  readonly read: (watchFolder: WatchFolder | undefined) => Promise<readonly T[]>;
}

export class WatchedRecords<T> implements Disposable {
  readonly #options: WatchedRecordsOptions<T>;
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  #all: readonly T[] = [];
  #watchers: readonly FSWatcher[] = [];
  readonly #lookers = new Set<unknown>();
  #settling: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: WatchedRecordsOptions<T>) {
    this.#options = options;
  }

  /** As they were read last. */
  get all(): readonly T[] {
    return this.#all;
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
    const { read, log, what } = this.#options;
    try {
      // Before the files are read: what changes meanwhile is read again.
      this.#unwatch();
      const known = await read(this.#isWatched ? (folder) => this.#watchOne(folder) : undefined);
      if (JSON.stringify(known) !== JSON.stringify(this.#all)) {
        this.#all = known;
        this.#changed.fire();
      }
    } catch (error) {
      log.warn(`${what} cannot be read: ${String(error)}`);
    }
  }

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
