// The systems of VMs that are written down, for who shows them. Asks no VM.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import type { StoredSystem } from '../domain/system.js';
import { type GroupEntry, GroupJournal } from '../journal/groupJournal.js';
import { SystemStore } from '../journal/systemStore.js';
import { type WatchFolder, WatchedRecords } from '../journal/watchedRecords.js';

export interface KnownSystem extends StoredSystem {
  /** What was begun on it and has not ended: somebody is at it, or it broke off. */
  readonly unfinished?: GroupEntry;
}

/** By name. */
export class KnownSystems extends WatchedRecords<KnownSystem> {
  readonly #told: { isRead: boolean };

  /** @param folder of the journal */
  constructor(folder: string, log: Log) {
    const store = new SystemStore(folder, log);
    const groups = new GroupJournal(folder, log);
    const told = { isRead: false };
    super({
      what: 'systems of VMs',
      log,
      read: async (watchFolder) => {
        told.isRead = false;
        const systems = await listSystems(store, folder, watchFolder);
        told.isRead = await isThere(join(folder, 'systems'));
        const { entries } = systems.length === 0 ? { entries: [] } : await groups.readInterrupted();
        return systems.map((stored): KnownSystem => {
          const unfinished = entries.find(({ system }) => system.id === stored.system.id);
          return { ...stored, ...(unfinished !== undefined && { unfinished }) };
        });
      },
    });
    this.#told = told;
  }

  /** The folder of the systems was there when they were read last: one that is not among them is gone. */
  get isRead(): boolean {
    return this.#told.isRead;
  }

  find(id: string): KnownSystem | undefined {
    return this.all.find(({ system }) => system.id === id);
  }
}

async function isThere(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory();
  } catch {
    // Not there, or away for a while: nobody can tell.
    return false;
  }
}

/** Each system has a folder of its own, which is there before what is written into it. */
async function listSystems(
  store: SystemStore,
  folder: string,
  watchFolder: WatchFolder | undefined,
): Promise<readonly StoredSystem[]> {
  if (watchFolder !== undefined) {
    const root = join(folder, 'systems');
    if (watchFolder(root)) {
      watchFolder(join(folder, 'groups'));
      (await readdir(root)).forEach((name) => watchFolder(join(root, name)));
    } else {
      watchFolder(folder);
    }
  }
  return (await store.list()).systems;
}
