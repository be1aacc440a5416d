// The reader of qcow2 against the images that qemu-img makes, and against the same ones spoilt.
import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { BadImage, type ImageBytes, ReadLimitError } from '../../src/qemu/imageBytes.js';
import { isEmptyOverlay, lostRamBytes, snapshotsLikePresent } from '../../src/qemu/qcow2Content.js';
import { localFiles } from '../../src/driver/files/directFiles.js';
import { readQcow2Header } from '../../src/qemu/qcow2Header.js';
import { readQcow2Snapshots } from '../../src/qemu/qcow2Snapshots.js';
import { headerOf, inMemory, mebibyte } from '../unit/qemu/imageInMemory.js';

describe('qcow2 made by qemu-img', () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);
  const img = (...args: string[]): Promise<string> => runOk('qemu-img', args);
  const io = (name: string, ...commands: string[]): Promise<string> =>
    runOk('qemu-io', [...commands.flatMap((command) => ['-c', command]), file(name)]);
  const load = async (name: string): Promise<ImageBytes> => inMemory(await readFile(file(name)));
  const emptiness = async (name: string): Promise<boolean> => {
    const image = await load(name);
    return isEmptyOverlay(image, await headerOf(image));
  };
  const same = async (name: string): Promise<readonly string[]> => {
    const image = await load(name);
    const header = await headerOf(image);
    return snapshotsLikePresent(image, header, await readQcow2Snapshots(image, header));
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-qcow2-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const lost = async (name: string): Promise<number> => {
    const image = await load(name);
    return lostRamBytes(image, await headerOf(image));
  };

  for (const options of ['compat=0.10', 'compat=1.1', 'compat=1.1,cluster_size=512', 'compat=1.1,extended_l2=on']) {
    it(`tells RAM that no snapshot has: ${options}`, async () => {
      const name = `ram-${options.replaceAll(/[.,=]/gu, '-')}.qcow2`;
      await img('create', '-q', '-f', 'qcow2', '-o', options, file(name), '20M');
      await io(name, 'write -P 1 0 1M');
      assert.equal(await lost(name), 0);
      await io(name, 'write -b -P 2 0 3M');
      assert.equal(await lost(name), 3 * mebibyte);
      await img('snapshot', '-c', 'has-it', file(name));
      assert.equal(await lost(name), 0);
      await io(name, 'write -P 1 0 2M');
      assert.equal(await lost(name), 0);
      await img('snapshot', '-d', 'has-it', file(name));
      assert.equal(await lost(name), 3 * mebibyte);
    });
  }

  const kinds: readonly (readonly string[])[] = [
    ['compat=0.10'],
    ['compat=1.1'],
    ['compat=1.1', 'lazy_refcounts=on', 'cluster_size=512'],
    ['compat=1.1', 'cluster_size=2M'],
    ['compat=1.1', 'extended_l2=on', 'cluster_size=64k'],
    ['compat=1.1', 'refcount_bits=1'],
    ['compat=1.1', 'compression_type=zstd'],
  ];
  for (const options of kinds) {
    it(`tells what qemu-img info tells: ${options.join(' ')}`, async () => {
      const name = `${options.join('-').replaceAll('.', '')}.qcow2`;
      await img('create', '-q', '-f', 'raw', file('base.raw'), '20M');
      const list = options.join(',');
      await img('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', file('base.raw'), '-o', list, file(name));
      assert.equal(await emptiness(name), true);
      if (!options.includes('refcount_bits=1')) {
        await img('snapshot', '-c', 'before', file(name));
        assert.deepEqual(await same(name), ['before']);
      }
      await io(name, 'write -P 3 1M 300k');
      assert.equal(await emptiness(name), false);
      assert.deepEqual(await same(name), []);
      if (!options.includes('refcount_bits=1')) {
        await img('snapshot', '-c', 'ü, after', file(name));
      }

      const told = JSON.parse(await img('info', '--output=json', file(name))) as Record<string, unknown>;
      const image = await load(name);
      const header = await headerOf(image);
      const snapshots = await readQcow2Snapshots(image, header);
      assert.deepEqual(
        [header.virtualBytes, header.clusterBytes, header.backing, header.backingFormat, header.corrupt],
        [told['virtual-size'], told['cluster-size'], told['backing-filename'], told['backing-filename-format'], false],
      );
      assert.deepEqual(
        snapshots.map(({ id, name: tag, vmStateBytes }) => ({ id, tag, vmStateBytes })),
        ((told['snapshots'] ?? []) as Record<string, unknown>[]).map((snapshot) => ({
          id: snapshot['id'],
          tag: snapshot['name'],
          vmStateBytes: snapshot['vm-state-size'],
        })),
      );
      assert.deepEqual(
        await same(name),
        snapshots.slice(1).map((snapshot) => snapshot.name),
      );
    });
  }

  it('a hole, a freed cluster and a cluster of zeros are all something written', async () => {
    await img('create', '-q', '-f', 'raw', file('b.raw'), '4M');
    for (const command of ['write -z 0 64k', 'write -z -u 0 64k', 'write 4032k 64k']) {
      await img('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', file('b.raw'), file('o.qcow2'));
      await io('o.qcow2', command);
      assert.equal(await emptiness('o.qcow2'), false, command);
    }
  });

  it('after going back to a snapshot the disk is that one again', async () => {
    await img('create', '-q', '-f', 'qcow2', file('r.qcow2'), '64M');
    await io('r.qcow2', 'write -P 1 0 1M');
    await img('snapshot', '-c', 'one', file('r.qcow2'));
    await io('r.qcow2', 'write -P 2 32M 1M');
    await img('snapshot', '-c', 'two', file('r.qcow2'));
    await img('snapshot', '-c', 'three', file('r.qcow2'));
    assert.deepEqual(await same('r.qcow2'), ['two', 'three']);
    await img('snapshot', '-a', 'one', file('r.qcow2'));
    assert.deepEqual(await same('r.qcow2'), ['one']);
    await io('r.qcow2', 'write -P 3 0 512');
    assert.deepEqual(await same('r.qcow2'), []);
  });

  it('a snapshot of another size of disk is another disk', async () => {
    await img('create', '-q', '-f', 'qcow2', file('s.qcow2'), '8M');
    await img('snapshot', '-c', 'small', file('s.qcow2'));
    await img('resize', '-q', file('s.qcow2'), '16M');
    assert.deepEqual(await same('s.qcow2'), []);
  });

  it('whose data stand in another file: whether anything was written is not told', async () => {
    await img('create', '-q', '-f', 'qcow2', file('under'), '1M');
    const data = `data_file=${file('over.data')}`;
    await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', file('under'), '-o', data, file('over'));
    await io('over', 'write -P 7 0 64k');
    const seen = await localFiles(process.env).image(file('over'));
    assert.ok(typeof seen === 'object');
    assert.deepEqual([seen.dataFile, seen.empty, seen.unchangedSince], [true, undefined, undefined]);
  });

  it('a mark of corruption is seen', async () => {
    await img('create', '-q', '-f', 'qcow2', file('c.qcow2'), '8M');
    const handle = await open(file('c.qcow2'), 'r+');
    await handle.write(Buffer.from([2]), 0, 1, 79);
    await handle.close();
    assert.equal((await headerOf(await load('c.qcow2'))).corrupt, true);
  });

  it('what is large and unchanged costs next to nothing', async () => {
    await img('create', '-q', '-f', 'qcow2', file('l.qcow2'), '1T');
    await img('snapshot', '-c', 'now', file('l.qcow2'));
    const bytes = await readFile(file('l.qcow2'));
    const image = inMemory(bytes);
    const header = await headerOf(image);
    const snapshots = await readQcow2Snapshots(image, header);
    assert.deepEqual(await snapshotsLikePresent(image, header, snapshots), ['now']);
    assert.ok(image.total() < 256 * 1024, `${image.total()} bytes`);
  });

  it('any byte may be wrong: an answer or a BadImage, and never a read outside', async () => {
    await img('create', '-q', '-f', 'raw', file('f.raw'), '2M');
    await img(
      'create',
      '-q',
      '-f',
      'qcow2',
      '-F',
      'raw',
      '-b',
      file('f.raw'),
      '-o',
      'cluster_size=4k',
      file('f.qcow2'),
    );
    await io('f.qcow2', 'write -P 1 0 16k');
    await img('snapshot', '-c', 'first', file('f.qcow2'));
    await io('f.qcow2', 'write -P 2 1M 16k');
    await img('snapshot', '-c', 'second', file('f.qcow2'));
    const whole = await readFile(file('f.qcow2'));
    const known = await headerOf(inMemory(whole));
    // Where the numbers stand that lead anywhere: header, L1 tables, table of snapshots.
    const places = [
      { at: 0, length: 112 },
      { at: known.l1.at, length: known.l1.entries * 8 },
      { at: known.snapshots.at, length: 160 },
      { at: 0, length: whole.length },
    ];
    let seed = 20_261_120;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return Math.floor((seed / 0x8000_0000) * below);
    };
    const outcomes = { answered: 0, bad: 0, tooMuch: 0 };
    for (let variant = 0; variant < 5_000; variant++) {
      const bytes = Buffer.from(whole);
      for (let flips = 1 + random(3); flips > 0; flips--) {
        const { at, length } = places[random(places.length)]!;
        bytes[at + random(length)] = random(256);
      }
      const image = inMemory(variant % 10 === 0 ? bytes.subarray(0, random(bytes.length)) : bytes, 4 * mebibyte);
      try {
        const header = await readQcow2Header(image);
        if (header !== 'notQcow2') {
          const snapshots = await readQcow2Snapshots(image, header);
          await isEmptyOverlay(image, header);
          await snapshotsLikePresent(image, header, snapshots);
        }
        outcomes.answered++;
      } catch (error) {
        assert.ok(error instanceof BadImage || error instanceof ReadLimitError, `variant ${variant}: ${String(error)}`);
        outcomes[error instanceof BadImage ? 'bad' : 'tooMuch']++;
      }
    }
    assert.ok(outcomes.answered > 500 && outcomes.bad > 500, JSON.stringify(outcomes));
  });
});
