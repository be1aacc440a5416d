// libvirt's storage pool of a folder: the one that is there, or one of ours for as long as it is needed, which builds
// nothing, is not kept and does not start by itself.
import type { Connection } from '../../libvirt/connection.js';
import { VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE } from '../../libvirt/flags.js';
import type { StoragePool } from '../../libvirt/structs.js';
import type { Log } from '../../base/log.js';
import { SharedResource } from './sharedResource.js';
import { endPool, hasEnded, isNoPool, PoolEnds, poolName } from './poolEnds.js';
import { parsePool, type PoolFacts, writeFolderPool } from '../xml/storageXml.js';

export interface FolderPool {
  readonly connection: Connection;
  readonly pool: StoragePool;
  readonly facts: PoolFacts;
}

/** The folder belongs to a pool in which volumes are no files. */
export class NoFolder extends Error {
  override readonly name = 'NoFolder';
}

/**
 * libvirt says nothing about the folder: its storage hangs, or it holds more files than can be gone through in that
 * time.
 */
export class FolderSilent extends Error {
  override readonly name = 'FolderSilent';
  constructor(
    readonly folder: string,
    readonly seconds: number,
  ) {
    super(`libvirt has not answered for ${seconds} s about ${folder}`);
  }
}

const usualPatienceMs = 60_000;
/** Each editor ends the pool that it has started, and several may be at one folder. */
const mostTries = 3;

/** Pools whose volumes are files in a folder. */
const folderTypes: ReadonlySet<string> = new Set(['dir', 'fs', 'netfs']);

interface FoundPool {
  readonly pool: StoragePool;
  readonly afterwards: 'destroy' | 'leave';
}

interface PoolPlace {
  found: FoundPool;
  /** Nothing more is asked of libvirt about it, not even to end its pool. */
  isSilent?: boolean | undefined;
}

interface PoolTimes {
  /** For an answer, in milliseconds. */
  readonly patience?: number;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
  /** Whether pools of ours that nobody here uses may be ended. */
  readonly mayEndStrays?: () => boolean;
}

export class FolderPools {
  readonly #connection: SharedResource<Connection>;
  readonly #log: Log;
  readonly #places = new Map<string, { readonly place: SharedResource<PoolPlace>; turn: Promise<void> }>();
  readonly #patience: number;
  readonly #now: () => number;
  readonly #mayEndStrays: () => boolean;
  /** Until when a folder counts as silent: later callers do not wait once more. */
  readonly #silentUntil = new Map<string, number>();
  readonly #ends: PoolEnds;

  /** @param open of a connection for these calls alone: listing a folder may take long. */
  constructor(
    open: () => Promise<Connection>,
    close: (connection: Connection) => void,
    log: Log,
    { patience = usualPatienceMs, now = () => performance.now(), mayEndStrays = () => true }: PoolTimes = {},
  ) {
    this.#patience = patience;
    this.#now = now;
    this.#mayEndStrays = mayEndStrays;
    this.#ends = new PoolEnds(now);
    this.#connection = new SharedResource(open, (connection) => {
      close(connection);
      return Promise.resolve();
    });
    this.#log = log;
  }

  /**
   * Acts on the pool as it is now: libvirt's list of a folder is as old as the last refresh. One after another in each
   * folder, because nobody can refresh while a volume is being made. Rejects with FolderSilent when libvirt takes too
   * long to list the folder; what `act` asks has the time that it needs.
   */
  use<R>(folder: string, act: (pool: FolderPool) => Promise<R>): Promise<R> {
    if ((this.#silentUntil.get(folder) ?? 0) > this.#now()) {
      return Promise.reject(this.#silence(folder));
    }
    return this.#connection.use((connection) => {
      const own = this.#places.get(folder) ?? this.#addPlace(folder);
      return own.place.use((place) => {
        const result = own.turn.then(() => {
          if (place.isSilent === true) {
            throw this.#silence(folder);
          }
          return this.#inPlace(connection, folder, place, act).catch((error: unknown) => {
            place.isSilent = error instanceof FolderSilent ? true : place.isSilent;
            throw error;
          });
        });
        own.turn = result.then(
          () => undefined,
          () => undefined,
        );
        return result;
      });
    });
  }

  /** The same for what only reads: nothing of it may last. */
  look<R>(folder: string, read: (pool: FolderPool) => Promise<R>): Promise<R> {
    return this.use(folder, (pool) => this.#withPatience(folder, () => read(pool)));
  }

  #silence(folder: string): FolderSilent {
    return new FolderSilent(folder, Math.round(this.#patience / 1_000));
  }

  /** The daemon goes on with what it was asked; nobody waits for it. */
  async #withPatience<R>(folder: string, ask: () => Promise<R>): Promise<R> {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#silentUntil.set(folder, this.#now() + this.#patience);
        reject(this.#silence(folder));
      }, this.#patience);
    });
    try {
      return await Promise.race([ask(), silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  #addPlace(folder: string): { readonly place: SharedResource<PoolPlace>; turn: Promise<void> } {
    const place = new SharedResource<PoolPlace>(
      () => this.#connection.use(async (connection) => ({ found: await this.#openPool(connection, folder) })),
      (used) => this.#leave(folder, used),
    );
    const own = { place, turn: Promise.resolve() };
    this.#places.set(folder, own);
    return own;
  }

  async #inPlace<R>(
    connection: Connection,
    folder: string,
    place: PoolPlace,
    act: (pool: FolderPool) => Promise<R>,
    tries = mostTries,
  ): Promise<R> {
    const { pool } = place.found;
    try {
      await this.#withPatience(folder, () => connection.call('storagePoolRefresh', { pool, flags: 0 }));
      const facts = parsePool((await connection.call('storagePoolGetXmlDesc', { pool, flags: 0 })).xml);
      if (!folderTypes.has(facts.type)) {
        throw new NoFolder(`${folder} belongs to the storage pool ${pool.name} of type ${facts.type}`);
      }
      return await act({ connection, pool, facts });
    } catch (error) {
      // Another editor had the same folder open and was done before us, or took the pool for left over. What acts
      // changes something in its last call only.
      if (tries > 1 && (await hasEnded(connection, pool, error))) {
        place.found = await this.#openPool(connection, folder);
        return this.#inPlace(connection, folder, place, act, tries - 1);
      }
      throw error;
    }
  }

  async #openPool(connection: Connection, folder: string): Promise<FoundPool> {
    try {
      const found = await this.#withPatience(folder, () => this.#find(connection, folder));
      this.#ends.uses(found.pool.name);
      return found;
    } catch (error) {
      if (error instanceof FolderSilent) {
        // It may still be made, when the folder answers.
        this.#ends.owe(poolName(folder));
      }
      throw error;
    }
  }

  /** One of our name is left over from an editor that died, or in use by another one: then it cannot be ended twice. */
  async #find(connection: Connection, folder: string): Promise<FoundPool> {
    const name = poolName(folder);
    const active = await this.#lookUp(connection, folder);
    if (active !== undefined) {
      return { pool: active, afterwards: active.name === name ? 'destroy' : 'leave' };
    }
    const inactive = await this.#inactivePool(connection, folder);
    try {
      if (inactive !== undefined) {
        // libvirt would refuse a second pool over the same folder.
        await connection.call('storagePoolCreate', { pool: inactive, flags: 0 });
        return { pool: inactive, afterwards: 'destroy' };
      }
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
      if (isNoPool(error)) {
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

  /**
   * | pool                                                    | is ended                                             |
   * |---------------------------------------------------------|------------------------------------------------------|
   * | of ours                                                 | now                                                  |
   * | of ours, silent, or not to be ended now                 | by the next who needs this folder, or any other      |
   * | of our name, left by an editor that died                | by the next who needs the folder                     |
   * | the same, and nobody needs the folder any more          | by who needs another, ten minutes after it was seen  |
   * | of a user                                               | never, but for one that we started                   |
   */
  async #leave(folder: string, { found: { pool, afterwards }, isSilent }: PoolPlace): Promise<void> {
    this.#ends.leaves(pool.name);
    if (isSilent === true) {
      this.#owe(pool, afterwards);
      return;
    }
    try {
      await this.#connection.use((connection) =>
        this.#withPatience(folder, async () => {
          if (afterwards === 'destroy') {
            await endPool(connection, pool);
          }
          if (this.#mayEndStrays()) {
            await this.#ends.endStrays(connection);
          }
        }),
      );
    } catch (error) {
      this.#log.debug(`the storage pool ${pool.name} could not be ended: ${String(error)}`);
      this.#owe(pool, afterwards);
    }
  }

  #owe({ name }: StoragePool, afterwards: FoundPool['afterwards']): void {
    if (afterwards === 'destroy') {
      this.#ends.owe(name);
    }
  }
}
