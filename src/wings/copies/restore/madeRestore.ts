// What a restore made in its folder, by our record of it: each file and folder told apart from every other one,
// wherever in the folder it is by now. Nothing else is removed, whatever its name and times.
import { hostname } from 'node:os';
import { posix } from 'node:path';
import { undefinedIfAbsent } from '../../../base/errno.js';
import type { FileSystem } from '../../../base/fileSystem.js';
import { noLog } from '../../../base/log.js';
import { identityOf } from '../../../domain/hostFiles.js';
import { MadeFiles, ownerOf } from '../../../journal/madeFiles.js';
import { sessionFolder } from '../../../session/sessionFolder.js';
import type { VmHost } from '../../../transfer/vmHost.js';
import { markName, namesIn, orFault } from './readFolder.js';

export type RestoreHost = Pick<VmHost, 'files' | 'login'>;

/** Those of the files that somebody else uses, see `EnginePort.filesInUse`. */
export type AskUsed = (files: readonly string[]) => Promise<Pick<ReadonlySet<string>, 'has'>>;

export class MadeRestore {
  /** Where each was made, by its identity. */
  readonly #own = new Map<string, string>();
  readonly #paths = new Set<string>();
  readonly #files: FileSystem;
  readonly #owner: string;

  /** @param begun the folder as it was called first: the name of its record */
  private constructor(
    { files, login }: RestoreHost,
    readonly begun: string,
  ) {
    this.#files = files;
    this.#owner = ownerOf(`restore on ${login?.hostname ?? hostname()}`, begun);
  }

  /** It has nothing of ours where nothing is recorded. */
  static async read(host: RestoreHost, begun: string): Promise<MadeRestore> {
    const made = new MadeRestore(host, begun);
    for (const { path, identity = '' } of await madeFiles().of(made.#owner)) {
      made.#own.set(identity, path);
    }
    return made;
  }

  /** Makes the folder. */
  static async begin(host: RestoreHost, begun: string): Promise<MadeRestore> {
    const made = new MadeRestore(host, begun);
    await made.makeFolder(begun);
    await made.note();
    return made;
  }

  async makeFolder(path: string): Promise<void> {
    await this.#files.mkdir(path);
    await this.#add(path);
  }

  /** Those that are not ours yet, in one of ours. Others may pass through them. */
  async makeFolders(path: string): Promise<void> {
    if (!this.#paths.has(path)) {
      await this.makeFolders(posix.dirname(path));
      await this.makeFolder(path);
      await this.#files.chmod(path, 0o711);
    }
  }

  /** Empty files, for who writes into them: what is half written when somebody dies is known then. */
  async reserve(folder: string, names: ReadonlySet<string>): Promise<void> {
    for (const name of names) {
      const path = posix.join(folder, name);
      await this.makeFolders(posix.dirname(path));
      const file = await this.#files.create(path);
      try {
        this.#own.set(identityOf(await file.numbers()), path);
      } finally {
        await file.close();
      }
    }
    await this.note();
  }

  /** Without room for a record, a restore goes on: only what it leaves if it is killed is not known then. */
  async note(...paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await this.#add(path);
    }
    const all = [...this.#own].map(([identity, path]) => ({ path, identity }));
    await madeFiles()
      .put(this.#owner, all)
      .catch(() => undefined);
  }

  /** What others wrote into a folder that we made, since then, at our request. */
  async noteWithin(folder: string): Promise<void> {
    const { birthtimeNs } = await this.#files.numbers(folder);
    const noteIn = async (within: string): Promise<void> => {
      for (const name of await namesIn(this.#files, within)) {
        const path = posix.join(within, name);
        const numbers = await this.#files.numbers(path);
        if (numbers.birthtimeNs >= birthtimeNs) {
          this.#own.set(identityOf(numbers), path);
          if ((await this.#files.lstat(path)).isDirectory()) {
            await noteIn(path);
          }
        }
      }
    };
    await noteIn(folder);
  }

  /** What is not ours in a folder of ours, or in use. Changes nothing. */
  async foreignIn(folder: string, used: AskUsed): Promise<readonly string[]> {
    return this.#walk(folder, await this.#usedIn(folder, used), () => Promise.resolve());
  }

  /** @param folder as it is called now. @returns what stays there; then its mark stays too */
  async remove(folder: string, used: AskUsed): Promise<readonly string[]> {
    const stays = await orFault(folder, async () =>
      this.#walk(folder, await this.#usedIn(folder, used), async (path, kind) => {
        if (kind === 'file') {
          await this.#files.unlink(path);
        } else if (path !== folder) {
          await this.#files.removeFolder(path);
        }
      }),
    );
    if (stays.length === 0) {
      await orFault(folder, async () => {
        await undefinedIfAbsent(this.#files.unlink(posix.join(folder, markName)));
        await undefinedIfAbsent(this.#files.removeFolder(folder));
      });
    }
    return stays;
  }

  forget(): Promise<void> {
    return madeFiles().forget(this.#owner);
  }

  async #add(path: string): Promise<void> {
    this.#own.set(identityOf(await this.#files.numbers(path)), path);
    this.#paths.add(path);
  }

  /** Of those that would go. */
  async #usedIn(folder: string, used: AskUsed): ReturnType<AskUsed> {
    const going: string[] = [];
    await this.#walk(folder, new Set(), (path, kind) => {
      going.push(...(kind === 'file' ? [path] : []));
      return Promise.resolve();
    });
    return used(going);
  }

  /** Each that goes, what is in a folder before it. @returns what does not */
  async #walk(
    folder: string,
    used: Pick<ReadonlySet<string>, 'has'>,
    visit: (path: string, kind: 'file' | 'folder') => Promise<void>,
  ): Promise<readonly string[]> {
    const walk = async (path: string): Promise<readonly string[]> => {
      const found = await undefinedIfAbsent(this.#files.lstat(path));
      if (found === undefined || path === posix.join(folder, markName)) {
        return [];
      }
      const isOwn = this.#own.has(identityOf(await this.#files.numbers(path)));
      const isFolder = found.isDirectory();
      if (!isOwn || (!isFolder && used.has(path))) {
        return [path];
      }
      const stays: string[] = [];
      for (const name of isFolder ? await namesIn(this.#files, path) : []) {
        stays.push(...(await walk(posix.join(path, name))));
      }
      if (stays.length === 0) {
        await visit(path, isFolder ? 'folder' : 'file');
      }
      return stays;
    };
    return walk(folder);
  }
}

function madeFiles(): MadeFiles {
  return new MadeFiles(sessionFolder(process.env), noLog);
}
