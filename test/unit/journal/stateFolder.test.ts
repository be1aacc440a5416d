// Where the editors of one user meet.
import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { stateFolder } from '../../../src/journal/stateFolder.js';

const own = '/own/globalStorage/journal';
const usual = '/home/me/.local/state/virt-rewind';

type Homes = NonNullable<Parameters<typeof stateFolder>[2]>;

function homes(ofUser: string | undefined, ofProcess: string | undefined): Homes {
  const orThrow = (home: string | undefined) => (): string => {
    if (home === undefined) {
      throw new Error('ENOENT: no such user');
    }
    return home;
  };
  return { ofUser: orThrow(ofUser), ofProcess: orThrow(ofProcess) };
}

describe('the folder that all editors of a user share', () => {
  const rows: readonly [what: string, NodeJS.ProcessEnv, Homes, string][] = [
    ['is in the home of the user', {}, homes('/home/me', '/home/me'), usual],
    ['is there whatever the environment calls home', { HOME: '/snap' }, homes('/home/me', '/snap'), usual],
    ['is in no folder that an editor may have to itself', { XDG_STATE_HOME: '/a' }, homes('/home/me', '/a'), usual],
    ['nor in one that a restart empties', { XDG_RUNTIME_DIR: '/run/1' }, homes('/home/me', '/a'), usual],
    ['is in HOME for a user without a name', {}, homes(undefined, '/home/me'), usual],
    ['is the editor’s own where there is no home', {}, homes(undefined, undefined), own],
    ['is the editor’s own where the home is no path', {}, homes('', 'here'), own],
    ['is where it is told', { VIRT_REWIND_STATE: '/srv/x' }, homes('/home/me', '/home/me'), '/srv/x'],
    ['is not where nobody could find it', { VIRT_REWIND_STATE: 'x' }, homes('/home/me', '/home/me'), usual],
  ];
  for (const [what, environment, given, folder] of rows) {
    it(what, () => assert.equal(stateFolder(environment, own, given), folder));
  }

  it('is that of the user who runs the tests', () => {
    assert.equal(stateFolder({}, own), join(userInfo().homedir, '.local/state/virt-rewind'));
  });
});
