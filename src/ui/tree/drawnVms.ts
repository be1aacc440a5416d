// What the editor was last given of each VM, to tell whether its rows would read differently now, and whether it is
// still asking for rows. Knows no row.
import { vmKey } from '../../live/views.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import type { VmRef } from '../../domain/vm.js';

/** Drawing is over when the editor has asked for no row for so long: it asks level by level. */
const drawingMs = 1_000;

export interface DrawnVm {
  look?: string;
  tree?: SnapshotTree | undefined;
  /** Names of the snapshots that had rows under them. */
  parents?: ReadonlySet<string>;
  /** An operation ran on it when it was last told of. */
  isBusy?: boolean;
  /** Milliseconds since 1970: when the ages under it were written. */
  at?: number;
  /** The label of the row of its backups. */
  backups?: string | undefined;
}

export class DrawnVms {
  readonly #byKey = new Map<string, DrawnVm>();
  readonly #orders = new Map<string, string>();
  /** Milliseconds since 1970. */
  #askedForRowAt = 0;

  get isGoingOn(): boolean {
    return Date.now() - this.#askedForRowAt < drawingMs;
  }

  noteRowRequest(): void {
    this.#askedForRowAt = Date.now();
  }

  /** By the VM's key; undefined: nothing was drawn of it. */
  find(key: string): DrawnVm | undefined {
    return this.#byKey.get(key);
  }

  of(ref: VmRef): DrawnVm {
    const drawn = this.#byKey.get(vmKey(ref)) ?? {};
    this.#byKey.set(vmKey(ref), drawn);
    return drawn;
  }

  order(connection: string, rows: readonly { readonly id: string }[]): void {
    this.#orders.set(connection, idsOf(rows));
  }

  isOtherOrder(connection: string, rows: readonly { readonly id: string }[]): boolean {
    const drawn = this.#orders.get(connection);
    return drawn !== undefined && drawn !== idsOf(rows);
  }

  forgetAllBut(keys: ReadonlySet<string>): void {
    for (const key of this.#byKey.keys()) {
      if (!keys.has(key)) {
        this.#byKey.delete(key);
      }
    }
  }
}

function idsOf(rows: readonly { readonly id: string }[]): string {
  return rows.map(({ id }) => id).join('\n');
}
