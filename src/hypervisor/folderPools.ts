// libvirt's storage pool of a folder: the one that is there, or one of ours for as long as it is needed, which builds
// nothing, is not kept and does not start by itself. Knows nothing of what is done in it.
import { createHash } from 'node:crypto';
import type { Connection } from '../libvirt/connection.js';
import { VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE } from '../libvirt/flags.js';
import { errorCodes, LibvirtError } from '../libvirt/libvirtError.js';
import type { StoragePool } from '../libvirt/structs.js';
import type { Log } from '../log/log.js';
import { MadeWhileUsed } from './madeWhileUsed.js';
import { parsePool, type PoolFacts, writeFolderPool } from './storageXml.js';

export interface FolderPool {
  readonly connection: Connection;
  readonly pool: StoragePool;
  readonly facts: PoolFacts;
}

/** The folder belongs to a pool in which volumes are no files. */
export class NoFolder extends Error {
  override readonly name = 'NoFolder';
}

/** Pools whose volumes are files in a folder. */
const folderTypes: ReadonlySet<string> = new Set(['dir', 'fs', 'netfs']);

interface Found {
  readonly pool: StoragePool;
  readonly afterwards: 'destroy' | 'leave';
}

interface Place {
  found: Found;
}

export class FolderPools {
  readonly #connection: MadeWhileUsed<Connection>;
  readonly #log: Log;
  readonly #places = new Map<string, { readonly place: MadeWhileUsed<Place>; turn: Promise<void> }>();

  /** @param open of a connection for these calls alone: listing a folder may take long. */
  constructor(open: () => Promise<Connection>, close: (connection: Connection) => void, log: Log) {
    this.#connection = new MadeWhileUsed(open, (connection) => {
      close(connection);
      return Promise.resolve();
    });
    this.#log = log;
  }

  /**
   * Acts on the pool as it is now: libvirt's list of a folder is as old as the last refresh. One after another in each
   * folder, because nobody can refresh while a volume is being made.
   */
  use<R>(folder: string, act: (pool: FolderPool) => Promise<R>): Promise<R> {
    return this.#connection.use((connection) => {
      const own = this.#places.get(folder) ?? this.#addPlace(folder);
      return own.place.use((place) => {
        const result = own.turn.then(() => this.#inPlace(connection, folder, place, act));
        own.turn = result.then(
          () => undefined,
          () => undefined,
        );
        return result;
      });
    });
  }

  #addPlace(folder: string): { readonly place: MadeWhileUsed<Place>; turn: Promise<void> } {
    const place = new MadeWhileUsed<Place>(
      () => this.#connection.use(async (connection) => ({ found: await this.#find(connection, folder) })),
      ({ found }) => this.#leave(found),
    );
    const own = { place, turn: Promise.resolve() };
    this.#places.set(folder, own);
    return own;
  }

  async #inPlace<R>(
    connection: Connection,
    folder: string,
    place: Place,
    act: (pool: FolderPool) => Promise<R>,
  ): Promise<R> {
    try {
      await connection.call('storagePoolRefresh', { pool: place.found.pool, flags: 0 });
    } catch (error) {
      if (!(error instanceof LibvirtError && error.code === errorCodes.VIR_ERR_NO_STORAGE_POOL)) {
        throw error;
      }
      // Another editor had the same folder open, and was done before us.
      place.found = await this.#find(connection, folder);
    }
    const { pool } = place.found;
    const facts = parsePool((await connection.call('storagePoolGetXmlDesc', { pool, flags: 0 })).xml);
    if (!folderTypes.has(facts.type)) {
      throw new NoFolder(`${folder} belongs to the storage pool ${pool.name} of type ${facts.type}`);
    }
    return act({ connection, pool, facts });
  }

  /** One of our name is left over from an editor that died, or in use by another one: then it cannot be ended twice. */
  async #find(connection: Connection, folder: string): Promise<Found> {
    const name = `virt-rewind-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
    const active = await this.#lookUp(connection, folder);
    if (active !== undefined) {
      return { pool: active, afterwards: active.name === name ? 'destroy' : 'leave' };
    }
    const inactive = await this.#inactivePool(connection, folder);
    if (inactive !== undefined) {
      // libvirt would refuse a second pool over the same folder.
      await connection.call('storagePoolCreate', { pool: inactive, flags: 0 });
      return { pool: inactive, afterwards: 'destroy' };
    }
    try {
      const { pool } = await connection.call('storagePoolCreateXml', { xml: writeFolderPool(name, folder), flags: 0 });
      return { pool, afterwards: 'destroy' };
    } catch (error) {
      const others = await this.#lookUp(connection, folder);
      if (others === undefined) {
        throw error;
      }
      return { pool: others, afterwards: others.name === name ? 'destroy' : 'leave' };
    }
  }

  async #lookUp(connection: Connection, folder: string): Promise<StoragePool | undefined> {
    try {
      return (await connection.call('storagePoolLookupByTargetPath', { path: folder })).pool;
    } catch (error) {
      if (error instanceof LibvirtError && error.code === errorCodes.VIR_ERR_NO_STORAGE_POOL) {
        return undefined;
      }
      throw error;
    }
  }

  async #inactivePool(connection: Connection, folder: string): Promise<StoragePool | undefined> {
    const flags = VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE;
    const { pools } = await connection.call('connectListAllStoragePools', { needResults: 1, flags });
    for (const pool of pools) {
      const { xml } = await connection.call('storagePoolGetXmlDesc', { pool, flags: 0 });
      const { type, folder: own } = parsePool(xml);
      if (own !== folder) {
        continue;
      }
      if (type !== 'dir') {
        // To start it is to mount something over the files that are there, to end it to take that away again.
        throw new NoFolder(`${folder} belongs to the inactive storage pool ${pool.name} of type ${type}`);
      }
      return pool;
    }
    return undefined;
  }

  /** What is left over is found and ended by the next who needs the folder. */
  async #leave({ pool, afterwards }: Found): Promise<void> {
    if (afterwards === 'leave') {
      return;
    }
    try {
      await this.#connection.use((connection) => connection.call('storagePoolDestroy', { pool }));
    } catch (error) {
      this.#log.debug(`the storage pool ${pool.name} could not be ended: ${String(error)}`);
    }
  }
}
