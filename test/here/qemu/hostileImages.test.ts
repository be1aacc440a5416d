// Images that somebody made to be dear to look into, and formats that are none of ours: bounded in what is read and
// kept, with turns for everybody else, and called what they are.
import assert from 'node:assert/strict';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { boundedBytes, ReadLimitError } from '../../../src/qemu/imageBytes.js';
import { localContents } from '../../../src/driver/files/localContents.js';
import { localFiles } from '../../../src/driver/files/directFiles.js';
import type { QemuImg } from '../../../src/qemu/qemuImg.js';
import { eachDifferingL2, eachL2, readL1, type Shape } from '../../../src/qemu/qcow2Tables.js';
import type { ImageFacts } from '../../../src/domain/hostFiles.js';
import { inMemory, mebibyte } from '../../unit/qemu/imageInMemory.js';

const shape: Shape = {
  clusterBytes: 65_536,
  clusterBits: 16,
  clustersInL2: 8_192,
  entryBytes: 8,
  knowsZeros: true,
};

/** How often others had their turn before it was done. */
async function turnsWithin(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) {
      setImmediate(count);
    }
  };
  setImmediate(count);
  await work;
  isDone = true;
  return turns;
}

describe('images that are dear to look into', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('an L1 table that only QEMU would read is not read', async () => {
    const image = boundedBytes(2 ** 40, 2 ** 40, () => assert.fail('it was read'));
    await assert.rejects(readL1(image, { at: 0, entries: 2 ** 22 }, 2 ** 22), ReadLimitError);
  });

  it('the smallest reads count for what they take', async () => {
    const image = inMemory(Buffer.alloc(mebibyte), 10 * 8_192);
    for (let at = 0; at < 10; at++) {
      await image.read(at, 1);
    }
    await assert.rejects(image.read(10, 1), ReadLimitError);
  });

  it('a large table that names nothing to be read leaves others their turns', async () => {
    const l1 = Buffer.alloc(4 * mebibyte, 1);
    const image = inMemory(Buffer.alloc(0));
    const never = (): void => assert.fail('nothing was wanted');
    assert.ok((await turnsWithin(eachL2(image, l1, shape, never, () => false))) >= 8);
    assert.ok((await turnsWithin(eachDifferingL2(image, l1, l1, shape, never))) >= 8);
  });

  /** A header, an L1 table of 256 entries that name one L2 table, and snapshots at 8 MiB. */
  async function made(name: string, snapshots: number, nameBytes: number): Promise<string> {
    const file = join(folder, name);
    const handle = await open(file, 'wx+');
    try {
      const header = Buffer.alloc(512);
      header.writeUInt32BE(0x514649fb, 0);
      header.writeUInt32BE(3, 4);
      header.writeUInt32BE(16, 20);
      header.writeBigUInt64BE(BigInt(256 * 8_192 * 65_536), 24);
      header.writeUInt32BE(256, 36);
      header.writeBigUInt64BE(BigInt(mebibyte), 40);
      header.writeUInt32BE(snapshots, 60);
      header.writeBigUInt64BE(BigInt(8 * mebibyte), 64);
      header.writeUInt32BE(4, 96);
      header.writeUInt32BE(104, 100);
      const l1 = Buffer.alloc(256 * 8);
      const l2 = Buffer.alloc(65_536);
      for (let at = 0; at < l1.length; at += 8) {
        l1.writeBigUInt64BE(BigInt(2 * mebibyte), at);
      }
      for (let at = 0; at < l2.length; at += 16) {
        l2.writeBigUInt64BE(BigInt(4 * mebibyte), at);
      }
      await handle.write(header, 0, header.length, 0);
      await handle.write(l1, 0, l1.length, mebibyte);
      await handle.write(l2, 0, l2.length, 2 * mebibyte);
      const entryBytes = Math.ceil((40 + 16 + 1 + nameBytes) / 8) * 8;
      for (let index = 0; index < snapshots; index++) {
        const entry = Buffer.alloc(60);
        entry.writeBigUInt64BE(BigInt(mebibyte), 0);
        entry.writeUInt32BE(256, 8);
        entry.writeUInt16BE(1, 12);
        entry.writeUInt16BE(nameBytes, 14);
        entry.writeUInt32BE(16, 36);
        entry.write(`1${String.fromCharCode(97 + index)}`, 56);
        await handle.write(entry, 0, entry.length, 8 * mebibyte + index * entryBytes);
      }
      await handle.truncate(64 * mebibyte);
    } finally {
      await handle.close();
    }
    return file;
  }

  it('names that fill megabytes are not known, and the image is none the worse', async () => {
    const facts = (await localFiles(process.env).image(await made('names', 300, 65_000))) as ImageFacts;
    assert.equal(facts.format, 'qcow2');
    assert.equal(facts.corrupt, false);
    assert.equal(facts.tags, undefined);
    assert.equal(facts.tagIds, undefined);
  });

  it('no more ranges are told of all its states together than of one', async () => {
    const file = await made('ranges', 3, 1);
    const image = await localContents(process.env).extents(file, 'qcow2', [{}, { tag: 'a' }, { tag: 'b' }]);
    assert.ok(typeof image === 'object');
    assert.deepEqual(image.states, ['unreadable', 'unreadable', 'unreadable']);
  });

  it('one of the format qcow is no damaged qcow2', async () => {
    const file = join(folder, 'first.qcow');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow', file, '1M']);
    for (const format of [undefined, 'qcow']) {
      const facts = (await localFiles(process.env).image(file, format)) as ImageFacts;
      assert.deepEqual([facts.format, facts.virtualBytes, facts.corrupt], ['qcow', mebibyte, undefined]);
    }
  });

  it('a vmdk is told without opening a file that it names', async () => {
    const nobody: QemuImg = {
      find: () => assert.fail('qemu-img is looked for'),
      run: () => assert.fail('qemu-img runs'),
      watch: () => assert.fail('qemu-img runs'),
    };
    const base = join(folder, 'base.vmdk');
    await runOk('qemu-img', ['create', '-q', '-f', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse', base, '3G']);
    const above = join(folder, 'above.vmdk');
    await runOk('qemu-img', ['create', '-q', '-f', 'vmdk', '-F', 'vmdk', '-b', base, above]);
    for (const [file, backing] of [
      [base, undefined],
      [above, { file: base }],
    ] as const) {
      const facts = (await localFiles({}, nobody).image(file)) as ImageFacts;
      assert.deepEqual([facts.format, facts.virtualBytes, facts.backing], ['vmdk', 3072 * mebibyte, backing]);
    }
  });

  it('those whose blocks cannot be told are called so, not broken', async () => {
    const contents = localContents(process.env);
    for (const format of ['qcow', 'vmdk', 'vdi', 'qed', 'vhdx']) {
      const file = join(folder, `other.${format}`);
      await runOk('qemu-img', ['create', '-q', '-f', format, file, '4M']);
      assert.equal(await contents.extents(file, format, [{}]), 'notQcow2');
      const facts = (await localFiles(process.env).image(file)) as ImageFacts;
      assert.deepEqual([facts.format, facts.virtualBytes, facts.corrupt], [format, 4 * mebibyte, undefined]);
    }
    const beside = join(folder, 'beside.qcow2');
    const options = `data_file=${join(folder, 'data.raw')},data_file_raw=on`;
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', options, beside, '4M']);
    assert.equal(await contents.extents(beside, 'qcow2', [{}]), 'dataFile');
  });
});
