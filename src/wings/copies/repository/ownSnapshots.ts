// Which of restic's snapshots are ours: our state folder has a file named by the ID of each. All our tags can be on
// another one too, by hand. No rule deletes a snapshot without such a file.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import { noLog } from '../../../base/log.js';
import { discard, namesIn, ownFolder, syncFolder, writeNew } from '../../../journal/durable.js';
import { sessionFolder } from '../../../session/sessionFolder.js';
import { orCannotWrite } from '../../../transfer/workFolder.js';
import { backupIdOf } from './tags.js';

export class OwnSnapshots {
  readonly #environment: NodeJS.ProcessEnv;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /**
   * Until its end, all with the tag of this backup are ours: also what a killed restic stored.
   * @throws Failure `cannotWrite`
   */
  begin(backup: string): Promise<void> {
    return this.#write([nameOfBackup(backup)]);
  }

  end(backup: string): Promise<void> {
    return this.#remove([nameOfBackup(backup)]);
  }

  /** @throws Failure `cannotWrite` */
  add(ids: readonly string[]): Promise<void> {
    return this.#write(ids.map(nameOf));
  }

  forget(ids: readonly string[]): Promise<void> {
    return this.#remove(ids.map(nameOf));
  }

  /** Those that we made: none where the record cannot be read. */
  async filter<T extends { readonly id: string; readonly tags: readonly string[] }>(
    snapshots: readonly T[],
  ): Promise<readonly T[]> {
    const own = new Set(await namesIn(promises, this.#folder).catch(() => []));
    return snapshots.filter(({ id, tags }) => own.has(nameOf(id)) || own.has(nameOfBackup(backupIdOf(tags))));
  }

  async #write(names: readonly string[]): Promise<void> {
    const folder = this.#folder;
    await orCannotWrite(folder, async () => {
      await ownFolder(promises, sessionFolder(this.#environment));
      await ownFolder(promises, folder);
      for (const name of names) {
        await writeNew(promises, join(folder, name), '');
      }
      await syncFolder(promises, folder);
    });
  }

  #remove(names: readonly string[]): Promise<void> {
    const folder = this.#folder;
    return discard(
      promises,
      names.map((name) => join(folder, name)),
      noLog,
    );
  }

  get #folder(): string {
    return join(sessionFolder(this.#environment), 'repository-snapshots');
  }
}

/** As much of the ID as each restic says. */
function nameOf(id: string): string {
  return id.slice(0, 8);
}

function nameOfBackup(id: string): string {
  return `of-${id}`;
}
