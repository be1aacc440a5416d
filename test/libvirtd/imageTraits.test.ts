// What images tell of how they are to be read, with a real qemu-img: encrypted, data beside, notes for backups, parts.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { localFiles } from '../../src/driver/files/directFiles.js';
import { createEncrypted } from '../../scripts/guest/encryptedDisk.mjs';
import type { ImageFacts } from '../../src/domain/hostFiles.js';

describe('how an image is to be read', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const create = (name: string, ...args: readonly string[]): Promise<unknown> =>
    runOk('qemu-img', ['create', '-q', ...args, at(name), '16M']);
  const told = async (name: string): Promise<ImageFacts> => {
    const facts = await localFiles(process.env).image(at(name), 'qcow2');
    assert.ok(typeof facts === 'object');
    return facts;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-traits-'));
    await create('plain', '-f', 'qcow2');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('says that it is encrypted', async () => {
    await createEncrypted(at('luks'));
    assert.equal((await told('luks')).encrypted, true);
    assert.equal((await told('plain')).encrypted, undefined);
  });

  it('says that its data stand in another file', async () => {
    await create('data', '-f', 'qcow2', '-o', `data_file=${at('data.raw')}`);
    assert.equal((await told('data')).dataFile, true);
    assert.equal((await told('plain')).dataFile, undefined);
  });

  it('says how many notes for backups it has, also behind a backing file’s format', async () => {
    await create('above', '-f', 'qcow2', '-F', 'qcow2', '-b', at('plain'));
    for (const name of ['one', 'two']) {
      await runOk('qemu-img', ['bitmap', '--add', at('above'), name]);
    }
    const { bitmaps, backing } = await told('above');
    assert.equal(bitmaps, 2);
    assert.deepEqual(backing, { file: at('plain'), format: 'qcow2' });
    assert.equal((await told('plain')).bitmaps, undefined);
  });

  it('says that it rests on a part of a file', async () => {
    await create('all', '-f', 'raw');
    const slice = {
      file: { driver: 'raw', offset: 1_048_576, size: 4_194_304, file: { driver: 'file', filename: at('all') } },
    };
    await create('part', '-f', 'qcow2', '-F', 'raw', '-b', `json:${JSON.stringify(slice)}`);
    assert.deepEqual((await told('part')).backing, { file: at('all'), format: 'raw', part: true, options: true });
    // An image in an image may name files of its own.
    const inside = { driver: 'qcow2', file: { driver: 'qcow2', file: { driver: 'file', filename: at('plain') } } };
    await create('inside', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', `json:${JSON.stringify(inside)}`);
    assert.equal((await told('inside')).backing?.part, true);
    const whole = { driver: 'raw', file: { driver: 'file', filename: at('all') } };
    await create('whole', '-f', 'qcow2', '-F', 'raw', '-b', `json:${JSON.stringify(whole)}`);
    assert.deepEqual((await told('whole')).backing, { file: at('all'), format: 'raw', options: true });
  });
});
