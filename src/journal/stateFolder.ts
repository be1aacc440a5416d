// Where the journal is: in one place for all editors of a user, so that they see one another's operations.
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Another place, for a home that cannot be written to. Each editor must be given the same. */
const placeVariable = 'VIRT_REWIND_STATE';

interface Homes {
  /**
   * The home from the user database. Throws where it does not know this user, as in a container with a number for one.
   */
  readonly ofUser: () => string;
  /** The home from the environment. */
  readonly ofProcess: () => string;
}

/**
 * | VIRT_REWIND_STATE | user database   | HOME      | folder                              |
 * |-------------------|-----------------|-----------|-------------------------------------|
 * | absolute          | any             | any       | that one                            |
 * | else              | a home          | any       | .local/state/virt-rewind in it      |
 * | else              | no such user    | a home    | .local/state/virt-rewind in that    |
 * | else              | no such user    | none      | `own`, which other editors do not see |
 *
 * Not XDG_STATE_HOME, nor XDG_RUNTIME_DIR: editors of one user have different ones (a desktop session, a service,
 * Flatpak), and what is in the second is gone when the machine is started anew, when an unfinished operation matters
 * most. Not /tmp, where others can be first.
 *
 * @param own of this editor alone
 */
export function stateFolder(environment: NodeJS.ProcessEnv, own: string, homes: Homes = systemHomes): string {
  const given = environment[placeVariable] ?? '';
  if (isAbsolute(given)) {
    return given;
  }
  const home = [homes.ofUser, homes.ofProcess].map(emptyIfUnknown).find(isAbsolute);
  return home === undefined ? own : join(home, '.local', 'state', 'virt-rewind');
}

const systemHomes: Homes = { ofUser: () => userInfo().homedir, ofProcess: homedir };

function emptyIfUnknown(home: () => string): string {
  try {
    return home();
  } catch {
    return '';
  }
}
