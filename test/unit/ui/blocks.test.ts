// The aggregation against a slow one that goes through the disk cluster by cluster.
import assert from 'node:assert/strict';
import { Blocks } from '../../../src/ui/picture/page/blocks.js';
import { cellsIn, moveWindow, showing, wholeDisk, zoomWindow } from '../../../src/ui/picture/page/diskWindow.js';
import { ExtentIndex } from '../../../src/ui/picture/page/extentIndex.js';
import type { PictureBlocks } from '../../../src/ui/picture/messages.js';

function randomly(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe('bytes of extents in a range', () => {
  it('are those of a count byte by byte', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = randomly(seed);
      const flat: number[] = [];
      const bytes = new Uint8Array(500);
      for (let at = 0; ;) {
        at += Math.floor(random() * 20);
        const length = 1 + Math.floor(random() * 15);
        if (at + length > 500) break;
        flat.push(at, length);
        bytes.fill(1, at, at + length);
        at += length;
      }
      const index = new ExtentIndex(flat);
      for (let round = 0; round < 200; round++) {
        const from = Math.floor(random() * 520) - 10;
        const to = from + Math.floor(random() * 200);
        const wanted = bytes.slice(Math.max(0, from), Math.max(0, to)).reduce((sum, one) => sum + one, 0);
        assert.equal(index.bytesIn(from, to), wanted, `seed ${seed}: ${from} to ${to}`);
      }
      assert.equal(
        index.total,
        bytes.reduce((sum, one) => sum + one, 0),
      );
    }
  });

  it('are exact far beyond 2^32', () => {
    const tera = 2 ** 43;
    const index = new ExtentIndex([tera, 65_536, tera + 2 * 65_536, 65_536]);
    assert.equal(index.bytesIn(0, tera + 65_536), 65_536);
    assert.equal(index.bytesIn(tera + 1, tera + 3 * 65_536), 2 * 65_536 - 1);
    assert.equal(index.at(tera + 65_536), undefined);
  });
});

const map: PictureBlocks = {
  kind: 'blocks',
  disk: 'vda',
  virtualBytes: 1_000,
  clusterBytes: 10,
  rows: [
    {
      id: 'a',
      title: 'A',
      words: '',
      file: '/a',
      kind: 'base',
      extents: Float64Array.of(0, 500),
      kinds: Uint8Array.of(0),
    },
    {
      id: 'b',
      title: 'B',
      words: '',
      file: '/b',
      kind: 'present',
      extents: Float64Array.of(100, 50, 300, 20),
      kinds: Uint8Array.of(0, 1),
    },
    { id: 'c', title: 'C', words: '', file: '/c', kind: 'overlay', allocatedBytes: 5 },
  ],
  reads: Float64Array.of(0, 100, 0, 100, 50, 1, 150, 150, 0, 300, 20, 1, 320, 180, 0),
  words: '',
};

describe('the blocks of a disk', () => {
  const blocks = new Blocks(map);

  it('tell data from zeros, and what the VM reads of them', () => {
    assert.deepEqual(blocks.content(0, 0, 200), { data: 200, zero: 0, read: 150 });
    assert.deepEqual(blocks.content(1, 0, 1_000), { data: 50, zero: 20, read: 70 });
    assert.deepEqual(blocks.content(1, 600, 700), { data: 0, zero: 0, read: 0 });
  });

  it('say what is read where', () => {
    assert.deepEqual(blocks.readIn(100, 200), [
      { row: 1, bytes: 50 },
      { row: 0, bytes: 50 },
    ]);
    assert.deepEqual(blocks.readIn(600, 700), []);
    assert.equal(blocks.kindAt(1, 310), 'zero');
    assert.equal(blocks.kindAt(1, 320), 'nothing');
  });

  it('say of an unreadable layer that it is none', () => {
    assert.equal(blocks.isReadable(2), false);
    assert.equal(blocks.heldBytes(2), undefined);
    assert.equal(blocks.kindAt(2, 0), 'nothing');
  });
});

describe('the window on a disk', () => {
  const disk = { virtualBytes: 10 * 2 ** 40, clusterBytes: 65_536 };

  it('goes from the whole disk to single clusters, and no further', () => {
    let window = wholeDisk(disk);
    for (let step = 0; step < 200; step++) window = zoomWindow(disk, window, 0.7, 3 * 2 ** 40 + 12_345);
    assert.equal(cellsIn(disk, window, 640).bytes, disk.clusterBytes);
    assert.ok(window.start <= 3 * 2 ** 40 + 12_345 && window.start + window.span > 3 * 2 ** 40 + 12_345);
    for (let step = 0; step < 200; step++) window = zoomWindow(disk, window, 1.4, 0);
    assert.deepEqual(window, wholeDisk(disk));
  });

  it('keeps the byte under the mouse where it is', () => {
    const before = { start: 2 ** 30, span: 2 ** 30 };
    const around = 2 ** 30 + 2 ** 28;
    const after = zoomWindow(disk, before, 0.5, around);
    assert.equal((around - after.start) / after.span, (around - before.start) / before.span);
  });

  it('has cells on the same places wherever it stands, and never more than its pixels', () => {
    for (const start of [0, 12_345_678, 9 * 2 ** 40]) {
      const cells = cellsIn(disk, { start, span: 2 ** 33 }, 700);
      assert.equal(cells.bytes % disk.clusterBytes, 0);
      assert.ok(cells.count <= 700 / 8 + 2);
      assert.ok(cells.first * cells.bytes <= start);
    }
  });

  it('stays on the disk', () => {
    const window = { start: 100, span: 2 ** 30 };
    assert.equal(moveWindow(disk, window, -(2 ** 40)).start, 0);
    assert.equal(moveWindow(disk, window, 2 ** 60).start, disk.virtualBytes - window.span);
    assert.equal(showing(disk, window, 2 ** 31, 2 ** 31 + 10).start, 2 ** 31 + 10 - window.span);
  });

  it('takes a disk smaller than its clusters, and one of nothing', () => {
    for (const virtualBytes of [0, 1, 512]) {
      const tiny = { virtualBytes, clusterBytes: 65_536 };
      assert.ok(cellsIn(tiny, zoomWindow(tiny, wholeDisk(tiny), 0.5, 0), 300).count <= 1);
    }
  });
});
