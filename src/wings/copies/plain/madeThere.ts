// What we made in the folder of a plain copy: our record here, compared with what stands there. Nothing else is removed
// from it, whatever its name.
import { noLog } from '../../../base/log.js';
import { shellWord } from '../../../base/shellWord.js';
import { MadeFiles, ownerOf } from '../../../journal/madeFiles.js';
import { sessionFolder } from '../../../session/sessionFolder.js';
import type { HostShell } from '../host/hostShell.js';

/** As `find` tells it: the number of a file is given again, its birth is not. */
export const identityFormat = '%i:%B@';

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

/** Each of the files that is still the one of the record. */
export function removingScript(things: ReadonlyMap<string, string>): string {
  const lines = [...things].map(([path, identity]) => `gone ${shellWord(path)} ${shellWord(identity)}`);
  return `gone() { [ "$(find "$1" -maxdepth 0 -type f -printf '${identityFormat}' 2>/dev/null)" != "$2" ] || rm -f -- "$1"; }
${lines.join('\n')}`;
}

/**
 * What killed exports left: the files of the record, and the folders if nothing else is in them.
 *
 * @param begun what the paths of the folders begin with
 */
export async function removeBegun(shell: HostShell, made: MadeThere, begun: string): Promise<void> {
  const things = await made.read();
  for (const [folder, identity] of [...things].filter(
    ([path]) => path.startsWith(begun) && !path.slice(begun.length).includes('/'),
  )) {
    const own = new Map([...things].filter(([path]) => path.startsWith(`${folder}/`)));
    const word = shellWord(folder);
    // One that was not told from others yet has nothing of ours in it.
    const same =
      identity === ''
        ? 'true'
        : `[ "$(find ${word} -maxdepth 0 -type d -printf '${identityFormat}' 2>/dev/null)" = ${shellWord(identity)} ]`;
    // Who writes into it has a lock of it.
    await shell.run(`(${same} && flock -n ${word} true && {
${removingScript(own)}
rmdir -- ${word}/disks ${word}/xml ${word}/.new/xml ${word}/.new ${word}; } 2>/dev/null)`);
    if ((await shell.run(`[ -e ${word} ]`)).code !== 0) {
      await made.change(new Map(), [folder, ...own.keys()]);
    }
  }
}
