// The cells of the picture, painted and told, against what the test itself wrote into known clusters of known layers:
// from images on a real libvirt to the strokes on the page, with no second reading of an image in between.
import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { bytesText } from '../../src/text/bytesText.js';
import { pictureBlocks } from '../../src/ui/picture/pictureBlocks.js';
import type { PictureBlocks } from '../../src/ui/picture/messages.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { defineDiskVm, type MadeDisk } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { shownCells } from '../cells/shownCells.js';
import { present, seen, writerInto, Written } from '../cells/written.js';

const kibibyte = 1024;

describe('the cells of the picture', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
  });
  after(() => r.stop());

  const file = (name: string): string => join(r.daemon.dir, name);
  const writer = (written: Written, clusterKib?: number) => writerInto(r.daemon.dir, written, clusterKib);
  const define = (name: string, ...disks: readonly MadeDisk[]): Promise<string> => defineDiskVm(r, name, disks);
  const create = (name: string, size: string, ...options: string[]): Promise<string> =>
    runOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, file(name), size]);

  const sent = async (name: string, target = 'vda'): Promise<PictureBlocks> => {
    const ref = await r.ref(name);
    const map = await r.engine.readBlockMap(ref, target);
    return pictureBlocks(map, r.engine.findVm(ref)?.tree);
  };

  it('are those of external snapshots, also of another branch, on a raw base and off', async () => {
    await runOk('qemu-img', ['create', '-q', '-f', 'raw', file('e.raw'), '4M']);
    const name = await define('cells-external', { file: file('e.raw'), format: 'raw' });
    const written = new Written(64);
    const write = writer(written);
    await write('e.raw', [0, 16], [31, 2], [63, 1]);
    await r.virsh('snapshot-create-as', name, 'one', '--disk-only');
    written.freeze('Base, until “one”');
    await write('e.one', [8, 4], [20, 3], [40, 2, 'Z'], [1, 1, 'Z']);
    await r.virsh('snapshot-create-as', name, 'two', '--disk-only');
    written.freeze('Until “two”');
    await write('e.two', [10, 4], [21, 1, 'Z'], [62, 2]);
    assert.deepEqual(seen(await sent(name)), written.expected(['Base, until “one”', 'Until “two”', present]));

    await r.virsh('snapshot-create-as', name, 'three', '--disk-only');
    written.freeze('Until “three”');
    const vm = await r.ref(name);
    await r.engine.refresh({ vm });
    const revert = { kind: 'revert', vm, snapshot: 'one', after: 'asSnapshot', checkpointFirst: false } as const;
    await r.engine.runOperation(revert);
    const top = r.vm(name)!.vm.disks[0]!.source!.slice(r.daemon.dir.length + 1);
    assert.ok(!['e.raw', 'e.one', 'e.two', 'e.three'].includes(top), top);
    await write(top, [2, 1], [50, 5]);
    // Where libvirt cannot revert by itself, the revert leaves a snapshot, with an empty layer of its own.
    const own = r.vm(name)!.tree!.snapshots.filter((one) => !['one', 'two', 'three'].includes(one.name));
    const read = ['Base, until “one”', ...own.map(({ title }) => `Until “${title}”`), present];
    assert.deepEqual(
      seen(await sent(name)),
      written.expected([...read.slice(0, -1), 'Until “two”', 'Until “three”', present], read),
    );
  });

  it('are those of snapshots inside an image, compressed clusters and a branch among them', async () => {
    await create('i.qcow2', '4M');
    const name = await define('cells-internal', { file: file('i.qcow2'), format: 'qcow2' });
    const written = new Written(64);
    const write = writer(written);
    const snapshot = async (title: string): Promise<void> => {
      await r.virsh('snapshot-create-as', name, title);
      written.freeze(title);
    };
    // QEMU compresses a cluster at a time, where there is none yet.
    await write('i.qcow2', [0, 12], ...Array.from({ length: 6 }, (_, at) => [30 + at, 1, 'C'] as const));
    await snapshot('one');
    await write('i.qcow2', [4, 2], [20, 1, 'C'], [31, 2], [33, 1, 'Z'], [48, 1]);
    await snapshot('two');
    await write('i.qcow2', [5, 2], [48, 2], [60, 4]);
    await snapshot('three');
    await write('i.qcow2', [0, 1], [63, 1]);
    const rows = ['one', 'two', 'three', present];
    const blocks = await sent(name);
    assert.deepEqual(seen(blocks), written.expected(rows));
    // Clusters of its own, but for those that only say that they are zeros.
    assert.equal(blocks.rows[1]!.words, `inside the image · holds ${bytesText(6 * 64 * kibibyte)} · i.qcow2`);

    await r.virsh('snapshot-revert', name, 'one');
    written.leave();
    await write('i.qcow2', [11, 3], [35, 1], [63, 1, 'C']);
    assert.deepEqual(seen(await sent(name)), written.expected(rows, ['one', present]));
  });

  it('are those of snapshots inside an overlay, above a base with smaller clusters', async () => {
    await create('m.base', '1M', '-o', 'cluster_size=16k');
    const written = new Written(64);
    const write = writer(written, 16);
    await write('m.base', [0, 3], [17, 1], [33, 2]);
    written.freeze('Base');
    await create('m.top', '1M', '-F', 'qcow2', '-b', file('m.base'));
    const name = await define('cells-overlay', { file: file('m.top'), format: 'qcow2' });
    // A cluster of the overlay is four cells.
    await write('m.top', [0, 4], [32, 8]);
    await r.virsh('snapshot-create-as', name, 'inside');
    written.freeze('inside');
    await write('m.top', [36, 8]);
    assert.deepEqual(seen(await sent(name), 16), written.expected(['Base', 'inside', present]));
  });

  it('are those of each of several disks, with a last cluster that the disk cuts off', async () => {
    await create('d0.qcow2', '4M');
    await create('d1.qcow2', '2080k');
    const name = await define(
      'cells-disks',
      { file: file('d0.qcow2'), format: 'qcow2' },
      { file: file('d1.qcow2'), format: 'qcow2' },
    );
    const both = [new Written(64), new Written(33)] as const;
    const [first, second] = [writer(both[0]), writer(both[1])];
    await first('d0.qcow2', [0, 4]);
    await second('d1.qcow2', [2, 4]);
    await runOk('qemu-io', ['-c', 'write -P 9 2048k 32k', file('d1.qcow2')]);
    both[1].add(32, 1);
    await r.virsh('snapshot-create-as', name, 'one', '--disk-only');
    both.forEach((written) => written.freeze('Base, until “one”'));
    await first('d0.one', [3, 3]);
    await second('d1.one', [0, 3]);
    const rows = ['Base, until “one”', present];
    assert.deepEqual(seen(await sent(name, 'vda')), both[0].expected(rows));
    assert.deepEqual(seen(await sent(name, 'vdb')), both[1].expected(rows));
  });

  for (const style of ['external', 'internal'] as const) {
    it(`are what the guest of a VM that runs has written, with ${style} snapshots, and the same when it is off`, async () => {
      const vm = await OracleVm.define(r.daemon, { name: `cells-live-${style}`, diskMiB: 4, folder: file(style) });
      await r.engine.refresh({ connection: r.uri });
      const disks = [new Written(64), new Written(64)];
      const write = (...clusters: readonly (readonly number[])[]): Promise<void> =>
        vm.talk(async (guest) => {
          for (const [disk, wanted] of clusters.entries()) {
            // A block somewhere in the cluster: what is beside it comes from below.
            await guest.write(
              disk,
              wanted.map((cluster) => [cluster * 16 + (cluster % 16), 100 + cluster]),
            );
            wanted.forEach((cluster) => disks[disk]!.add(cluster, 1));
          }
        });
      const snapshot = async (title: string, layer: string): Promise<void> => {
        await r.virsh('snapshot-create-as', vm.name, title, ...(style === 'external' ? ['--disk-only'] : []));
        disks.forEach((written) => written.freeze(layer));
      };
      const rows = style === 'external' ? ['Base, until “one”', 'Until “two”', present] : ['one', 'two', present];
      await r.virsh('start', vm.name);
      await write([0, 1, 2, 3, 20, 21, 63], [2, 3, 40, 41]);
      await snapshot('one', rows[0]!);
      await write([1, 3, 21, 50], [0, 3, 41]);
      await snapshot('two', rows[1]!);
      await write([3, 22, 50, 62], [3, 63]);
      for (const power of ['running', 'off'] as const) {
        if (power === 'off') await r.virsh('destroy', vm.name);
        await r.engine.refresh({ vm: await r.ref(vm.name) });
        for (const [disk, target] of ['vda', 'vdb'].entries()) {
          const blocks = await sent(vm.name, target);
          assert.deepEqual(seen(blocks), disks[disk]!.expected(rows), `${target}, ${power}`);
          assert.equal(blocks.words.includes('approximate'), power === 'running', blocks.words);
        }
      }
    });
  }

  it('are filled as far as they are held where a cell is several clusters, and are found again when one goes closer', async () => {
    await create('z.base', '10T');
    await runOk('qemu-io', [
      ...['-c', 'write -P 1 0 64k', '-c', `write -P 1 ${9 * 1024 ** 3 + 192}k 64k`],
      file('z.base'),
    ]);
    const name = await define('cells-huge', { file: file('z.base'), format: 'qcow2' });
    const huge = await sent(name);
    const cells = 1024;
    const pixels = (10 * cells * huge.clusterBytes) / huge.virtualBytes;
    const whole = shownCells(huge, { pixels });
    const at = Math.floor((9 * 1024 ** 4) / whole.cellBytes);
    assert.equal(whole.reads.length, 1_280);
    const held = whole.reads.replaceAll('.', ' ').trim().split(/ +/u);
    assert.deepEqual([held, whole.reads.indexOf('A', 1)], [['A', 'A'], at]);
    const near = { start: 9 * 1024 ** 4, span: 8 * 64 * kibibyte };
    const { reads, layers } = shownCells(huge, { window: near });
    assert.deepEqual([reads, layers[0]!.painted, layers[0]!.told], ['...A....', '...D....', '...D....']);

    await create('q.qcow2', '4M');
    const parts = await define('cells-parts', { file: file('q.qcow2'), format: 'qcow2' });
    await runOk('qemu-io', [
      '-c',
      'write -P 1 0 64k',
      '-c',
      'write -P 1 256k 128k',
      '-c',
      'write -P 1 576k 448k',
      file('q.qcow2'),
    ]);
    const { layers: rows } = shownCells(await sent(parts), { pixels: 2.5 });
    assert.deepEqual(rows[0]!.quarters, `1234${'0'.repeat(12)}`);
  });

  describe('where something is wrong', () => {
    /** base ← mid ← top, with a cluster in each. */
    async function chained(stem: string): Promise<string> {
      for (const [index, [end, below]] of [['base'], ['mid', 'base'], ['top', 'mid']].entries()) {
        const on = below === undefined ? [] : ['-F', 'qcow2', '-b', file(`${stem}.${below}`)];
        await create(`${stem}.${end!}`, '1M', ...on);
        await runOk('qemu-io', ['-c', `write -P 1 ${index * 64}k 64k`, file(`${stem}.${end!}`)]);
      }
      return define(stem, { file: file(`${stem}.top`), format: 'qcow2' });
    }

    /** As a user who may read what the modes let everybody read. */
    async function asNobody<T>(act: () => Promise<T>): Promise<T> {
      await chmod(r.daemon.dir, 0o711);
      process.seteuid!(65_534);
      try {
        return await act();
      } finally {
        process.seteuid!(0);
      }
    }

    const row = (letters: string): string => letters.padEnd(16, '.');

    it('an image that this user may not read is a layer of a size, and the others have their cells', async function () {
      if (process.getuid?.() !== 0) {
        process.stdout.write('      only root can act as somebody who may not\n');
        this.skip();
      }
      const name = await chained('bad-denied');
      await chmod(file('bad-denied.mid'), 0o600);
      for (const end of ['base', 'top']) await chmod(file(`bad-denied.${end}`), 0o644);
      const blocks = await asNobody(() => sent(name));
      const { layers, reads } = shownCells(blocks);
      assert.deepEqual(
        layers.map(({ told }) => told),
        [row('d'), '?'.repeat(16), row('..D')],
      );
      // Below what is not known, nothing is claimed to be read.
      assert.equal(reads, row('..C'));
      assert.equal(blocks.unreadable, undefined);
      for (const end of ['base', 'top']) await chmod(file(`bad-denied.${end}`), 0o600);
      const none = await asNobody(() => sent(name));
      assert.match(none.unreadable ?? '', /do not have permission to read/u);
      const shown = shownCells(none);
      assert.deepEqual([shown.layers.length, shown.reads.replaceAll('.', '')], [3, '']);
    });

    it('a loop of backing files is shown once around', async () => {
      const name = await chained('bad-loop');
      await runOk('qemu-img', ['rebase', '-u', '-F', 'qcow2', '-b', file('bad-loop.mid'), file('bad-loop.base')]);
      const { layers, reads } = shownCells(await sent(name));
      assert.deepEqual(
        layers.map(({ painted }) => painted),
        [row('D'), row('.D'), row('..D')],
      );
      assert.equal(reads, row('ABC'));
    });

    it('an image that is not what it says has no cells, and the picture says why', async () => {
      await writeFile(file('bad-text'), 'no image at all');
      const name = await define('bad-text', { file: file('bad-text'), format: 'qcow2' });
      const blocks = await sent(name);
      assert.match(blocks.unreadable ?? '', /format/u);
      assert.equal(shownCells(blocks).layers[0]!.painted.replaceAll('.', ''), '');
    });

    it('a raw disk that has the header of an overlay is one layer, and nobody’s file is looked into', async () => {
      await create('bad-raw', '1M', '-F', 'raw', '-b', '/etc/hostname', '-u');
      const name = await define('bad-raw', { file: file('bad-raw'), format: 'raw' });
      const { rows } = await sent(name);
      assert.deepEqual(
        rows.map((one) => one.file),
        [file('bad-raw')],
      );
    });

    it('200 layers are 200 rows, each with its cells', async () => {
      await create('bad-deep.0', '1M');
      await runOk('qemu-io', ['-c', 'write -P 1 0 64k', file('bad-deep.0')]);
      for (let layer = 1; layer < 200; layer++) {
        const below = file(`bad-deep.${layer - 1}`);
        await create(`bad-deep.${layer}`, '1M', '-u', '-F', 'qcow2', '-b', below);
      }
      await runOk('qemu-io', ['-c', 'write -P 1 320k 64k', file('bad-deep.199')]);
      const name = await define('bad-deep', { file: file('bad-deep.199'), format: 'qcow2' });
      const { layers } = shownCells(await sent(name));
      const held = layers.flatMap(({ head, painted }) => (painted === row('') ? [] : [[head.split(' ')[0], painted]]));
      assert.equal(layers.length, 200);
      assert.deepEqual(held, [
        ['A', row('D')],
        ['GR', row('.....D')],
      ]);
    });
  });
});
