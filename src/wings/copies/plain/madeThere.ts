// What we made in the folder of a plain copy: our record here, compared with what stands there. Nothing else is removed
// from it, whatever its name.
import { noLog } from '../../../base/log.js';
import { MadeFiles, ownerOf } from '../../../journal/madeFiles.js';
import { sessionFolder } from '../../../session/sessionFolder.js';
import type { CopyShell } from '../../../transfer/copyShell.js';

export class MadeThere {
  readonly #made = new MadeFiles(sessionFolder(process.env), noLog);
  readonly #owner: string;

  /** @param host as it calls itself */
  constructor(host: string, folder: string) {
    this.#owner = ownerOf(host, folder);
  }

  /** Each path with its identity. */
  async read(): Promise<ReadonlyMap<string, string>> {
    return new Map((await this.#made.of(this.#owner)).map(({ path, identity = '' }) => [path, identity]));
  }

  /** @param gone paths that are not there any more. @throws Failure `journal` */
  async change(things: ReadonlyMap<string, string>, gone: readonly string[] = []): Promise<void> {
    const all = new Map([...(await this.read()), ...things]);
    gone.forEach((path) => all.delete(path));
    await (all.size === 0
      ? this.#made.forget(this.#owner)
      : this.#made.put(
          this.#owner,
          [...all].map(([path, identity]) => ({ path, identity })),
        ));
  }
}

/** For `remove_files` of copyShell.sh: each of them that is still the one of the record goes. */
export function wordsOf(things: ReadonlyMap<string, string>): readonly string[] {
  return [...things].flat();
}

/**
 * What killed exports left: the files of the record, and the folders if nothing else is in them.
 *
 * @param begun what the paths of the folders begin with
 */
export async function removeBegun(shell: CopyShell, made: MadeThere, begun: string): Promise<void> {
  const things = await made.read();
  for (const [folder, identity] of [...things].filter(
    ([path]) => path.startsWith(begun) && !path.slice(begun.length).includes('/'),
  )) {
    const own = new Map([...things].filter(([path]) => path.startsWith(`${folder}/`)));
    await shell.run('remove_begun', folder, identity, ...wordsOf(own));
    if ((await shell.run('[', '-e', folder, ']')).code !== 0) {
      await made.change(new Map(), [folder, ...own.keys()]);
    }
  }
}
