// The bisects that are written down, for who shows them. What reads them is loaded where there are any.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import { sameVm, type VmRef } from '../domain/vm.js';
import { WatchedRecords } from '../journal/watchedRecords.js';
import type { KnownBisect } from './bisectMarks.js';

export class KnownBisects extends WatchedRecords<KnownBisect> {
  /** @param folder of the journal */
  constructor(folder: string, log: Log) {
    const root = join(folder, 'bisects');
    super({
      what: 'bisects',
      log,
      read: async (watchFolder) => {
        if (watchFolder !== undefined) {
          // Each has a folder of its own.
          const folders = watchFolder(root) ? (await readdir(root)).map((name) => join(root, name)) : [folder];
          folders.forEach(watchFolder);
        }
        return existsSync(root) ? (await import('./bisectMarks.js')).readMarks(folder, log) : [];
      },
    });
  }

  /** Name of the first bad snapshot, where it was found. */
  readonly firstBad = (ref: VmRef): Promise<string | undefined> =>
    Promise.resolve(this.of(ref)?.marks.find(({ mark }) => mark === 'firstBad')?.name);

  /** The bisect of this VM; undefined: none. */
  readonly of = (ref: VmRef): KnownBisect | undefined => this.all.find(({ vm }) => sameVm(vm, ref));
}
