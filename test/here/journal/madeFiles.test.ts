// What we made for a clone, as it is written down and believed.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MadeFiles } from '../../../src/journal/madeFiles.js';
import { silentLog } from '../../silentLog.js';
import { ownFolders } from '../../unit/journal/samples.js';

const uuid = '11111111-2222-3333-4444-555555555555';

describe('the record of made files', () => {
  const folder = ownFolders();

  it('has each file as it was made last, until it is forgotten', async () => {
    const made = new MadeFiles(folder(), silentLog);
    await made.add(uuid, { path: '/a', identity: '1@1' });
    await made.add(uuid, { path: '/b' });
    await made.add(uuid, { path: '/a', identity: '2@2' });
    assert.deepEqual(await new MadeFiles(folder(), silentLog).of(uuid), [
      { path: '/b' },
      { path: '/a', identity: '2@2' },
    ]);
    await made.forget(uuid);
    assert.deepEqual(await made.of(uuid), []);
  });

  it('vouches for nothing where it is damaged, of another VM, or of what is no UUID', async () => {
    const made = new MadeFiles(folder(), silentLog);
    await mkdir(join(folder(), 'made'), { recursive: true });
    for (const text of ['', '{', JSON.stringify({ version: 1, uuid: 'other', files: [{ path: '/etc/passwd' }] })]) {
      await writeFile(join(folder(), 'made', `${uuid}.json`), text);
      assert.deepEqual(await made.of(uuid), []);
    }
    assert.deepEqual(await made.of('../entry'), []);
    await assert.rejects(made.add('../entry', { path: '/a' }));
  });
});
