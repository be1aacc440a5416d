// Names of what an image rests on, in folders behind links.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thisComputer } from '../../../src/base/fileSystem.js';
import { backingPath } from '../../../src/qemu/backingOf.js';

describe('what an image rests on, by its name', () => {
  let folder: string;

  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'vr-names-')));
    await mkdir(join(folder, 'deep/er'), { recursive: true });
    await mkdir(join(folder, 'plain/sub'), { recursive: true });
    await symlink('deep/er', join(folder, 'lnk'));
    await symlink('plain', join(folder, 'alias'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [written, image, expected] of [
    ['base', 'lnk/clone', 'lnk/base'],
    ['./base', 'lnk/clone', 'lnk/base'],
    ['../../base', 'lnk/clone', 'base'],
    ['../base', 'lnk/clone', 'deep/base'],
    ['../../base', 'lnk/../er/clone', 'base'],
    ['../base', 'plain/sub/clone', 'plain/base'],
    ['sub/../base', 'plain/clone', 'plain/base'],
    // A link on the way that changes nothing stays as it is named.
    ['sub/../base', 'alias/clone', 'alias/base'],
    ['../base', 'alias/sub/clone', 'alias/base'],
    ['../base', 'gone/clone', 'gone/../base'],
  ] as const) {
    it(`${written} in ${image}`, async () => {
      assert.equal(await backingPath(written, `${folder}/${image}`, thisComputer), `${folder}/${expected}`);
    });
  }

  it('an absolute name, and one that is no path', async () => {
    assert.equal(await backingPath(`${folder}/lnk/../base`, '/x/y', thisComputer), join(folder, 'deep/base'));
    assert.equal(await backingPath(`${folder}/plain/../base`, '/x/y', thisComputer), join(folder, 'base'));
    assert.equal(await backingPath('/a//b', '/x/y', thisComputer), '/a//b');
    assert.equal(await backingPath('nbd://host/../x', '/x/y', thisComputer), 'nbd://host/../x');
  });
});
