// When something was last done to each VM from here, kept over restarts. What the editor kept is not trusted.
import type { Log } from '../../base/log.js';
import { type VmView, vmKey } from '../../live/views.js';

/** As the editor's. */
export interface UsageStore {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

const keptAs = 'virtRewind.usedVms';
/** The ones used longest ago are forgotten. */
const most = 200;

export class UsedVms {
  readonly #kept: UsageStore;
  readonly #log: Log;
  #at: ReadonlyMap<string, number>;
  /** Operations that were seen, so that one that goes on counts once. */
  readonly #seen = new Set<string>();

  constructor(kept: UsageStore, log: Log) {
    this.#kept = kept;
    this.#log = log;
    this.#at = new Map(read(kept.get(keptAs)));
  }

  /** Milliseconds since 1970; 0: never. */
  at(key: string): number {
    return this.#at.get(key) ?? 0;
  }

  /** What is done to the VM is a use of it. */
  note(view: VmView | undefined, now: number): void {
    if (view === undefined) {
      return;
    }
    const key = vmKey(view.ref);
    if (view.operation === undefined) {
      this.#seen.delete(key);
      return;
    }
    if (this.#seen.has(key)) {
      return;
    }
    this.#seen.add(key);
    const entries = [...new Map([...this.#at, [key, now]])].toSorted(([, a], [, b]) => b - a).slice(0, most);
    this.#at = new Map(entries);
    this.#kept.update(keptAs, entries).then(undefined, (error: unknown) => {
      this.#log.warn(`when ${key} was used is not kept: ${String(error)}`);
    });
  }
}

function read(value: unknown): readonly (readonly [string, number])[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  return entries.flatMap((entry): readonly (readonly [string, number])[] => {
    const parts: readonly unknown[] = Array.isArray(entry) ? entry : [];
    const [key, at] = parts;
    return typeof key === 'string' && typeof at === 'number' && Number.isFinite(at) ? [[key, at]] : [];
  });
}
