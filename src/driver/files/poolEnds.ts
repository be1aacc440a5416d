// Ends storage pools that we left over. libvirt reads and writes files of its host through a pool over their folder: we
// make one for moments, and it stays where the folder was silent or the editor died.
import { createHash } from 'node:crypto';
import type { Connection } from '../../libvirt/connection.js';
import {
  VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE,
  VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT,
  VIR_STORAGE_POOL_INACTIVE,
} from '../../libvirt/flags.js';
import { errorCodes, LibvirtError } from '../../libvirt/libvirtError.js';
import type { StoragePool } from '../../libvirt/structs.js';

/** Other editors have a pool of ours for moments only. */
const strayAfterMs = 10 * 60_000;
const ownName = /^virt-rewind-[\da-f]{12}$/;

/** The same for every editor, so that it is found again. */
export function poolName(folder: string): string {
  return `virt-rewind-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
}

export function isNoPool(error: unknown): boolean {
  return error instanceof LibvirtError && error.code === errorCodes.VIR_ERR_NO_STORAGE_POOL;
}

/**
 * Whether libvirt refused because the pool has ended already. A pool that a user defined is still listed then, as
 * inactive, and libvirt has no error code of its own for that.
 */
export async function hasEnded(connection: Connection, pool: StoragePool, error: unknown): Promise<boolean> {
  if (!(error instanceof LibvirtError) || error.code !== errorCodes.VIR_ERR_OPERATION_INVALID) {
    return isNoPool(error);
  }
  try {
    return (await connection.call('storagePoolGetInfo', { pool })).state === VIR_STORAGE_POOL_INACTIVE;
  } catch (reason) {
    if (isNoPool(reason)) {
      return true;
    }
    throw reason;
  }
}

/** A pool that is not there has ended. */
export async function endPool(connection: Connection, pool: StoragePool): Promise<void> {
  try {
    await connection.call('storagePoolDestroy', { pool });
  } catch (error) {
    if (!(await hasEnded(connection, pool, error))) {
      throw error;
    }
  }
}

/** In the place of a time: to be ended at the next look, and remembered until it is seen. */
const owed = 0;

export class PoolEnds {
  readonly #now: () => number;
  /** Names of pools in use here. */
  readonly #used = new Set<string>();
  /** Pools of our name that are not, with the time from which on they are ended. */
  #strays: ReadonlyMap<string, number> = new Map();

  /** @param now milliseconds that only grow */
  constructor(now: () => number) {
    this.#now = now;
  }

  uses(name: string): void {
    this.#used.add(name);
  }

  leaves(name: string): void {
    this.#used.delete(name);
  }

  /** The pool could not be ended, or a daemon that did not answer may still make it. Never a user's own pool. */
  owe(name: string): void {
    if (ownName.test(name)) {
      this.#strays = new Map([...this.#strays, [name, owed]]);
    }
  }

  /** Another editor that uses one of them just then makes it again. */
  async endStrays(connection: Connection): Promise<void> {
    const flags = VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE | VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT;
    const { pools } = await connection.call('connectListAllStoragePools', { needResults: 1, flags });
    const now = this.#now();
    const idle = pools
      .filter(({ name }) => ownName.test(name) && !this.#used.has(name))
      .map((pool) => ({ pool, due: this.#strays.get(pool.name) ?? now + strayAfterMs }));
    const unseen = [...this.#strays].filter(([name, due]) => due === owed && !this.#used.has(name));
    this.#strays = new Map([...unseen, ...idle.map(({ pool: { name }, due }) => [name, due] as const)]);
    for (const { pool } of idle.filter(({ due }) => due <= now)) {
      await endPool(connection, pool);
      this.#strays = new Map([...this.#strays].filter(([name]) => name !== pool.name));
    }
  }
}
