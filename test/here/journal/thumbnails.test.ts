// Pictures of displays stay as long as their snapshots do, and are never many, large, or anybody else's to read.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Thumbnails } from '../../../src/journal/thumbnails.js';
import { silentLog } from '../../silentLog.js';
import { vm } from '../../unit/journal/plans.js';
import { ownFolders } from '../../unit/journal/samples.js';

const createdAt = 1_800_000_000_000;
const png = Uint8Array.of(1, 2, 3);

describe('pictures of displays', () => {
  const folder = ownFolders();
  const thumbnails = (): Thumbnails => new Thumbnails(folder(), silentLog);
  const files = (): readonly string[] =>
    readdirSync(folder(), { recursive: true, encoding: 'utf8' })
      .map((path) => join(folder(), path))
      .filter((path) => statSync(path).isFile());
  const age = (): void => files().forEach((path) => utimesSync(path, 1, 1));

  it('are there for every editor, of that VM and that second alone', async () => {
    await thumbnails().keep(vm, createdAt, png);
    assert.deepEqual([...(await thumbnails().of(vm, createdAt))!], [...png]);
    assert.equal(await thumbnails().of(vm, createdAt + 1_000), undefined);
    assert.equal(await thumbnails().of({ ...vm, connection: 'qemu:///session' }, createdAt), undefined);
    assert.deepEqual(
      files().map((path) => statSync(path).mode & 0o777),
      [0o600],
    );
  });

  it('go with their snapshots, but not before a list of snapshots can have them', async () => {
    await thumbnails().keep(vm, createdAt, png);
    await thumbnails().keep(vm, createdAt + 1_000, png);
    await thumbnails().keepOnly(vm, []);
    assert.equal(files().length, 2);
    age();
    await thumbnails().keepOnly(vm, [{ createdAt }]);
    assert.equal(files().length, 1);
    assert.notEqual(await thumbnails().of(vm, createdAt), undefined);
  });

  it('are not kept where they are large, and of one VM there are at most a hundred', async () => {
    await thumbnails().keep(vm, createdAt, new Uint8Array(64 * 1024 + 1));
    assert.equal(await thumbnails().of(vm, createdAt), undefined);
    for (let second = 0; second <= 100; second++) {
      await thumbnails().keep(vm, createdAt + second * 1_000, png);
      if (second === 0) {
        age();
      }
    }
    assert.equal(files().length, 100);
    assert.equal(await thumbnails().of(vm, createdAt), undefined);
  });

  it('fail nobody where they cannot be kept', async () => {
    mkdirSync(folder());
    writeFileSync(join(folder(), 'thumbnails'), 'a file');
    await thumbnails().keep(vm, createdAt, png);
    await thumbnails().keepOnly(vm, []);
    assert.equal(await thumbnails().of(vm, createdAt), undefined);
  });
});
