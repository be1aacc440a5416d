// Ends storage pools of ours that are left over: whose folder was silent, or whose editor died. Refuses to make one.
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
 * Whether that is why it was refused. One of a user stays when it is ended, and libvirt has no code of its own for
 * that.
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

/** One that is not there has ended. */
export async function endPool(connection: Connection, pool: StoragePool): Promise<void> {
  try {
    await connection.call('storagePoolDestroy', { pool });
  } catch (error) {
    if (!(await hasEnded(connection, pool, error))) {
      throw error;
    }
  }
}

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

  /** It could not be ended, or may still be made by a daemon that did not answer. Not for those of a user. */
  owe(name: string): void {
    if (ownName.test(name)) {
      this.#strays = new Map([...this.#strays, [name, 0]]);
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
    const owed = [...this.#strays].filter(([name, due]) => due === 0 && !this.#used.has(name));
    this.#strays = new Map([...owed, ...idle.map(({ pool: { name }, due }) => [name, due] as const)]);
    for (const { pool } of idle.filter(({ due }) => due <= now)) {
      await endPool(connection, pool);
      this.#strays = new Map([...this.#strays].filter(([name]) => name !== pool.name));
    }
  }
}
