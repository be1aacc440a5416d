// Where the login that connections share is kept: where nobody else could put a socket in its place.
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, rmdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharingOf } from '../../../src/hosts/sharedLogin.js';

describe('a shared login', () => {
  let runtime: string;
  beforeEach(async () => {
    runtime = await mkdtemp(join(tmpdir(), 'vr-'));
  });
  afterEach(() => rm(runtime, { recursive: true }));

  /** As a client that shares none yet. */
  const isKeptIn = async (folder: string): Promise<boolean> => {
    const command = { program: 'false', args: ['host'] };
    const { wish } = await sharingOf(() => command, { XDG_RUNTIME_DIR: runtime, PATH: process.env['PATH'] });
    return wish.sharedLogin?.startsWith(`${folder}/`) === true;
  };

  it('is in a folder of its user, which nobody else enters', async () => {
    const own = join(runtime, 'virt-rewind');
    assert.ok(await isKeptIn(own));
    for (const mode of [0o701, 0o710, 0o770, 0o777]) {
      await chmod(own, mode);
      assert.ok(!(await isKeptIn(own)), mode.toString(8));
    }
    await rmdir(own);
    await mkdir(join(runtime, 'elsewhere'), { mode: 0o700 });
    await symlink(join(runtime, 'elsewhere'), own);
    assert.ok(!(await isKeptIn(own)), 'a link');
  });
});
