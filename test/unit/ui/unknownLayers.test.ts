// Layers that cannot be read: what they hold is told and drawn as unknown, never as nothing.
import assert from 'node:assert/strict';
import type { BlockMap, BlockRow } from '../../../src/domain/blockMap.js';
import { Blocks } from '../../../src/ui/picture/page/blocks.js';
import { BlockRows, rowHeight } from '../../../src/ui/picture/page/blockRows.js';
import { drawBlocks, readsTop, rowAt } from '../../../src/ui/picture/page/blockScene.js';
import { cellWords, rowWords } from '../../../src/ui/picture/page/blockWords.js';
import { wholeDisk } from '../../../src/ui/picture/page/diskWindow.js';
import { paletteOf } from '../../../src/ui/picture/page/palette.js';
import type { Pattern } from '../../../src/ui/picture/page/surface.js';
import { pictureBlocks } from '../../../src/ui/picture/pictureBlocks.js';

const cluster = 65_536;
const data = (start: number, count: number): BlockRow['extents'] => [
  { start: start * cluster, length: count * cluster, kind: 'data' },
];
const row = (id: string, kind: BlockRow['kind'], extents: BlockRow['extents']): BlockRow => ({
  id,
  kind,
  file: `/${id}`,
  extents,
});
const partly: BlockMap = {
  target: 'vda',
  virtualBytes: 16 * cluster,
  clusterBytes: cluster,
  rows: [row('base', 'base', data(0, 8)), row('hidden', 'overlay', 'unreadable'), row('top', 'present', data(2, 2))],
  reads: [{ start: 2 * cluster, length: 2 * cluster, row: 2 }],
  exact: 'exact',
  partly: 'denied',
  readAt: 0,
};
const none: BlockMap = {
  ...partly,
  clusterBytes: 16 * cluster,
  rows: partly.rows.map((one) => ({ ...one, extents: 'unreadable' })),
  reads: [],
  unreadable: 'denied',
};

function drawn(map: BlockMap): { readonly hatched: number; readonly texts: readonly string[] } {
  const blocks = new Blocks(pictureBlocks(map, undefined));
  const texts: string[] = [];
  let hatched = 0;
  const palette = paletteOf('light');
  const surface = {
    rect: (...[, , , , fill]: readonly [number, number, number, number, { ink?: string; pattern?: Pattern }?]) =>
      (hatched += fill?.pattern === 'rising' && fill.ink === palette.line ? 1 : 0),
    line: () => undefined,
    text: (text: string) => texts.push(text),
  };
  drawBlocks(surface, { blocks, window: wholeDisk(blocks.map), width: 800, palette });
  return { hatched, texts };
}

describe('layers that this user may not read', () => {
  const blocks = new Blocks(pictureBlocks(partly, undefined));

  it('are hatched, and so is what the VM may read of them', () => {
    const { hatched, texts } = drawn(partly);
    // The layer itself, and of what is read all but the two clusters of the layer on top.
    assert.ok(hatched > 10, `${hatched} places`);
    assert.ok(texts.includes('?'));
    assert.ok(texts.includes('What the VM reads now'));
  });

  it('leave it open what the VM reads below them', () => {
    const at = (layer: number, from: number): string =>
      cellWords(blocks, { row: layer, from: from * cluster, to: (from + 1) * cluster });
    assert.match(at(0, 0), /unknown/);
    assert.match(at(3, 0), /unknown/);
    assert.doesNotMatch(at(3, 2), /unknown/);
    assert.match(at(0, 2), /covered by layer C/);
  });

  it('have a sentence that says so as long as they are shown', () => {
    assert.match(blocks.map.partly ?? '', /do not have permission to read/);
    assert.match(new Blocks(pictureBlocks(none, undefined)).map.unreadable ?? '', /do not have permission to read/);
  });

  it('have no clusters where none can be read', () => {
    const told = new Blocks(pictureBlocks(none, undefined));
    assert.doesNotMatch(told.map.words, /cluster/);
    assert.match(rowWords(told, 0), /cannot be read/);
    assert.equal(told.hasReads, false);
    assert.ok(drawn(none).hatched === 3, 'where not even sizes are known');
  });
});

describe('what the VM reads now', () => {
  const blocks = new Blocks(pictureBlocks(partly, undefined));
  const rows = new BlockRows(3);

  it('stands below the layers, or at the lower edge where they do not fit', () => {
    assert.equal(readsTop(rows, undefined), rows.end);
    assert.equal(readsTop(rows, { top: 0, height: 1_000 }), rows.end);
    assert.equal(readsTop(rows, { top: 10, height: 120 }), 130 - rowHeight);
  });

  it('is what a place at that edge belongs to', () => {
    const sight = { top: 10, height: 120 };
    assert.equal(rowAt(blocks, rows, readsTop(rows, sight) + 1, sight), 3);
    assert.equal(rowAt(blocks, rows, readsTop(rows, sight) - 1, sight), 0);
    assert.equal(rowAt(blocks, rows, rows.top(1) + 1, { top: 0, height: 1_000 }), 1);
  });
});
