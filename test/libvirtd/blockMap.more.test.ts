// The picture of a disk's blocks, and what its layers and snapshots take, against patterns that the test itself wrote
// into known ranges of known layers.
import assert from 'node:assert/strict';
import { copyFile, link, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import type { BlockMap, BlockRow } from '../../src/domain/blockMap.js';
import type { VmLayers } from '../../src/domain/layers.js';
import { defineDiskVm, type MadeDisk } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { readRefcounts } from './qcow2Refcounts.js';

const mebibyte = 1024 ** 2;
const cell = 64 * 1024;
const blockBytes = 4096;

describe('the blocks of a disk', () => {
  let r: LiveRig;
  let count = 0;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
  });
  after(() => r.stop());

  const img = (...args: string[]): Promise<string> => runOk('qemu-img', args);
  const io = (file: string, ...commands: string[]): Promise<string> =>
    runOk('qemu-io', [...commands.flatMap((command) => ['-c', command]), file]);
  const file = (name: string): string => join(r.daemon.dir, name);

  const define = (disks: readonly MadeDisk[]): Promise<string> => defineDiskVm(r, `blocks-${count++}`, disks);

  const map = async (name: string, target = 'vda'): Promise<BlockMap> =>
    r.engine.readBlockMap(await r.ref(name), target);
  const layersOf = async (name: string): Promise<VmLayers> => r.engine.readLayers(await r.ref(name));

  /** `kind:snapshot` of each row, with the cells of 64 KiB that it has: `8-15 data`. */
  function shown({ rows }: BlockMap): Record<string, readonly string[] | string> {
    return Object.fromEntries(rows.map((row) => [nameOf(row), cellsOf(row.extents)]));
  }

  function nameOf({ kind, snapshot }: BlockRow): string {
    return snapshot === undefined ? kind : `${kind}:${snapshot}`;
  }

  function cellsOf(extents: BlockRow['extents']): readonly string[] | string {
    return typeof extents === 'string'
      ? extents
      : extents.map(({ start, length, kind: what }) => `${start / cell}+${length / cell} ${what}`);
  }

  function readsOf({ rows, reads }: BlockMap): readonly string[] {
    return reads.map(({ start, length, row }) => `${start / cell}+${length / cell} ${nameOf(rows[row]!)}`);
  }

  it('are those of the overlays in which they were written', async () => {
    await img('create', '-q', '-f', 'raw', file('b.raw'), '16M');
    await runOk('qemu-io', ['-f', 'raw', '-c', 'write -P 1 0 4M', '-c', 'write -P 1 12M 1M', file('b.raw')]);
    const name = await define([{ file: file('b.raw'), format: 'raw' }]);
    await r.virsh('snapshot-create-as', name, 'one', '--disk-only');
    await io(file('b.one'), 'write -P 2 1M 1M', 'write -z 3M 512k');
    await r.virsh('snapshot-create-as', name, 'two', '--disk-only');
    await io(file('b.two'), 'write -P 3 1536k 1M');
    const told = await map(name);
    assert.deepEqual(shown(told), {
      'base:one': ['0+64 data', '192+16 data'],
      'overlay:two': ['16+16 data', '48+8 zero'],
      present: ['24+16 data'],
    });
    assert.deepEqual(readsOf(told), [
      '0+16 base:one',
      '16+8 overlay:two',
      '24+16 present',
      '40+8 base:one',
      '48+8 overlay:two',
      '56+8 base:one',
      '192+16 base:one',
    ]);
    assert.deepEqual([told.virtualBytes, told.exact, told.unreadable], [16 * mebibyte, 'exact', undefined]);

    // Another branch: what was written after "two" stays a row, and is read no more.
    await r.virsh('snapshot-create-as', name, 'three', '--disk-only');
    const { disks, snapshots } = await layersOf(name);
    assert.deepEqual(
      disks[0]!.layers.map((layer) => [layer.file, layer.snapshots, layer.seen]),
      [
        [file('b.three'), [], 'there'],
        [file('b.two'), ['three'], 'there'],
        [file('b.one'), ['two'], 'there'],
        [file('b.raw'), ['one'], 'there'],
      ],
    );
    assert.equal(disks[0]!.whole, true);
    const sizeOf = (name: string) => snapshots.find(({ snapshot }) => snapshot === name);
    const blocks = async (name: string): Promise<number> => (await stat(file(name))).blocks * 512;
    const taken = await Promise.all(['b.raw', 'b.one'].map(blocks));
    await img('commit', '-q', file('b.one'));
    // The image below takes what it did not have; the one above goes. The hole for its zeros, only qemu-img makes.
    const grown = (await blocks('b.raw')) - taken[0]! + mebibyte / 2;
    assert.deepEqual([sizeOf('one')?.bytes, sizeOf('one')?.how], [taken[1]! - grown, 'exact']);
  });

  it('are those of the snapshots inside the image after which they were written', async () => {
    await img('create', '-q', '-f', 'qcow2', file('i.qcow2'), '16M');
    await io(file('i.qcow2'), 'write -P 1 0 4M');
    const name = await define([{ file: file('i.qcow2'), format: 'qcow2' }]);
    await r.virsh('snapshot-create-as', name, 'one');
    await io(file('i.qcow2'), 'write -P 2 1M 1M', 'discard 3M 512k');
    await r.virsh('snapshot-create-as', name, 'two');
    await io(file('i.qcow2'), 'write -P 3 1536k 1M');
    await r.virsh('snapshot-revert', name, 'one');
    await io(file('i.qcow2'), 'write -P 4 8M 1M');
    const told = await map(name);
    assert.deepEqual(shown(told), {
      'internalSnapshot:one': ['0+64 data'],
      'internalSnapshot:two': ['16+16 data', '48+8 zero'],
      present: ['128+16 data'],
    });
    assert.deepEqual(readsOf(told), ['0+64 internalSnapshot:one', '128+16 present']);
    const { snapshots } = await layersOf(name);
    // Two holds its own megabyte; the clusters of "one" are the current state's too. Each has a cluster of a table, and
    // one for the table of tables, of which a block is written.
    assert.deepEqual(
      Object.fromEntries(snapshots.map((size) => [size.snapshot, [size.heldBytes, size.bytes, size.how]])),
      { one: [0, cell + blockBytes, 'exact'], two: [mebibyte, mebibyte + cell + blockBytes, 'exact'] },
    );
  });

  it('are compressed ones, of several disks, of an extended table, as they were written', async () => {
    await img('create', '-q', '-f', 'qcow2', file('c.qcow2'), '16M');
    await io(file('c.qcow2'), ...Array.from({ length: 8 }, (_, at) => `write -c -P ${at + 1} ${at * 64}k 64k`));
    await img('create', '-q', '-f', 'qcow2', '-o', 'extended_l2=on,cluster_size=64k', file('x.qcow2'), '16M');
    await io(file('x.qcow2'), 'write -P 1 2k 4k', 'write -z 64k 2k');
    const name = await define([
      { file: file('c.qcow2'), format: 'qcow2' },
      { file: file('x.qcow2'), format: 'qcow2' },
    ]);
    assert.deepEqual(shown(await map(name, 'vda')), { present: ['0+8 compressed'] });
    const extended = await map(name, 'vdb');
    assert.equal(extended.clusterBytes, 2048);
    assert.deepEqual(extended.rows[0]!.extents, [
      { start: 2048, length: 4096, kind: 'data' },
      { start: 65_536, length: 2048, kind: 'zero' },
    ]);
    await assert.rejects(map(name, 'vdz'), { kind: 'notFound' });
  });

  it('of a VM that runs are an estimate, and reading them disturbs nobody', async () => {
    await img('create', '-q', '-f', 'qcow2', file('run.qcow2'), '16M');
    await io(file('run.qcow2'), 'write -P 1 0 1M');
    const name = await define([{ file: file('run.qcow2'), format: 'qcow2' }]);
    await r.virsh('start', name);
    await r.virsh('snapshot-create-as', name, 'ram');
    await r.engine.refresh({ vm: await r.ref(name) });
    const told = await map(name);
    assert.equal(told.exact, 'estimate');
    const [size] = (await layersOf(name)).snapshots;
    assert.equal(size!.how, 'estimate');
    const info = JSON.parse(await img('info', '-U', '--output=json', file('run.qcow2'))) as {
      readonly snapshots: readonly { readonly 'vm-state-size': number }[];
    };
    assert.equal(size!.memoryBytes, info.snapshots[0]!['vm-state-size']);
    // What QEMU still keeps to itself is a cluster or two of tables.
    assert.ok(Number(size!.bytes) >= size!.memoryBytes);
    await r.virsh('destroy', name);
    await r.engine.refresh({ vm: await r.ref(name) });
    const [still] = (await layersOf(name)).snapshots;
    await copyFile(file('run.qcow2'), file('copy.qcow2'));
    const before = await readRefcounts(file('copy.qcow2'));
    await img('snapshot', '-d', 'ram', file('copy.qcow2'));
    const after = await readRefcounts(file('copy.qcow2'));
    assert.equal(still!.how, 'exact');
    // Of its table of tables and of the list of snapshots, a block is written, and has to be given back.
    const unwritten = 2 * (before.clusterBytes - blockBytes);
    assert.equal(still!.bytes, (before.counts.size - after.counts.size) * before.clusterBytes - unwritten);
    assert.ok(still!.bytes >= Number(still!.memoryBytes));
  });

  it('are no more than sizes while somebody only looks at the VM, and those come by themselves', async () => {
    await img('create', '-q', '-f', 'qcow2', file('seen.qcow2'), '16M');
    await io(file('seen.qcow2'), 'write -P 1 0 4M');
    const name = await define([{ file: file('seen.qcow2'), format: 'qcow2' }]);
    await r.virsh('snapshot-create-as', name, 'one');
    await io(file('seen.qcow2'), 'write -P 2 1M 1M');
    r.show(await r.ref(name));
    await r.until(() => r.vm(name)?.layers?.snapshots[0]?.heldBytes === mebibyte);
    const { layers } = r.vm(name)!;
    assert.deepEqual([layers!.from, Number(layers!.together?.bytes) >= mebibyte], ['statistics', true]);
    r.hide();
  });

  describe('where something is wrong', () => {
    async function chained(stem: string): Promise<string> {
      await img('create', '-q', '-f', 'qcow2', file(`${stem}.base`), '16M');
      await io(file(`${stem}.base`), 'write -P 1 0 1M');
      await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', file(`${stem}.base`), file(`${stem}.mid`));
      await io(file(`${stem}.mid`), 'write -P 2 2M 1M');
      await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', file(`${stem}.mid`), file(`${stem}.top`));
      await io(file(`${stem}.top`), 'write -P 3 4M 1M');
      return define([{ file: file(`${stem}.top`), format: 'qcow2' }]);
    }

    it('a backing file is missing: its layer says so, the others are shown', async () => {
      const name = await chained('missing');
      await rename(file('missing.mid'), file('elsewhere'));
      const { disks } = await layersOf(name);
      assert.deepEqual([disks[0]!.whole, disks[0]!.layers.map(({ seen }) => seen)], [false, ['there', 'missing']]);
      const told = await map(name);
      assert.deepEqual(shown(told), { base: 'unreadable', present: ['64+16 data'] });
      assert.deepEqual(readsOf(told), ['64+16 present']);
    });

    it('backing files form a loop: each is one layer, and there is no base', async () => {
      const name = await chained('loop');
      await img('rebase', '-u', '-F', 'qcow2', '-b', file('loop.mid'), file('loop.base'));
      const { disks } = await layersOf(name);
      assert.deepEqual([disks[0]!.whole, disks[0]!.layers.length], [false, 3]);
      assert.deepEqual(readsOf(await map(name)), ['0+16 base', '32+16 overlay', '64+16 present']);
    });

    it('a raw disk has the header of another image: it is a raw disk, and its "backing file" is nobody’s', async () => {
      await img('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/hostname', '-u', file('trap'), '1M');
      const name = await define([{ file: file('trap'), format: 'raw' }]);
      const { disks } = await layersOf(name);
      assert.deepEqual(
        [disks[0]!.whole, disks[0]!.layers.map((layer) => [layer.file, layer.format])],
        [true, [[file('trap'), 'raw']]],
      );
      const told = await map(name);
      assert.deepEqual([told.rows.length, told.unreadable], [1, undefined]);
    });

    it('an image is not what the VM takes it for, or cut off, or no file: it says so', async () => {
      await writeFile(file('text'), 'no image at all');
      await img('create', '-q', '-f', 'qcow2', file('whole'), '64M');
      await io(file('whole'), 'write -P 1 0 4M');
      await img('snapshot', '-c', 'gone', file('whole'));
      await copyFile(file('whole'), file('cut'));
      await truncate(file('cut'), 200_000);
      const name = await define([
        { file: file('text'), format: 'qcow2' },
        { file: file('cut'), format: 'qcow2' },
        { file: '/dev/null', format: 'qcow2' },
      ]);
      assert.equal((await map(name, 'vda')).unreadable, 'notQcow2');
      assert.equal((await map(name, 'vdb')).unreadable, 'failed');
      assert.equal((await map(name, 'vdc')).unreadable, 'failed');
      const { disks } = await layersOf(name);
      assert.deepEqual(
        disks.map(({ whole }) => whole),
        [false, false, false],
      );
    });

    it('a sparse image of 10 TB is read in no time, and 200 layers are 200 rows', async () => {
      await img('create', '-q', '-f', 'qcow2', file('huge.0'), '10T');
      await io(file('huge.0'), 'write -P 1 9T 64k', 'write -P 1 0 64k');
      for (let layer = 1; layer < 200; layer++) {
        const below = file(`huge.${layer - 1}`);
        await img('create', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', below, file(`huge.${layer}`), '10T');
      }
      const name = await define([{ file: file('huge.199'), format: 'qcow2' }]);
      const { disks } = await layersOf(name);
      assert.deepEqual([disks[0]!.whole, disks[0]!.layers.length], [true, 200]);
      const told = await map(name);
      assert.equal(told.rows.length, 200);
      assert.deepEqual(readsOf(told), ['0+1 base', `${(9 * 1024 ** 4) / cell}+1 base`]);
    });

    it('two paths lead to one file: who shares it is still known', async () => {
      const name = await chained('shared');
      await link(file('shared.mid'), file('shared.hard'));
      await symlink(file('shared.mid'), file('shared.soft'));
      await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', file('shared.soft'), file('shared.other'));
      const other = await define([{ file: file('shared.other'), format: 'qcow2' }]);
      const [disk] = (await layersOf(name)).disks;
      assert.deepEqual(
        disk!.layers.map(({ sharedWith }) => sharedWith),
        [[], [other], [other]],
      );
      await rm(file('shared.hard'));
    });
  });
});
