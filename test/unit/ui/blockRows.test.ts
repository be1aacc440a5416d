// Many layers: those that are not read now fold, and the others stand where they then do.
import assert from 'node:assert/strict';
import { BlockRows, foldedRows, placedRows, rowHeight } from '../../../src/ui/picture/page/blockRows.js';
import { Blocks } from '../../../src/ui/picture/page/blocks.js';
import { drawBlocks } from '../../../src/ui/picture/page/blockScene.js';
import { wholeDisk } from '../../../src/ui/picture/page/diskWindow.js';
import { slidePalette } from '../../../src/ui/picture/page/palette.js';
import { textWidth } from '../../../src/ui/picture/page/surface.js';
import type { PictureBlocks, PictureRow } from '../../../src/ui/picture/messages.js';

const cluster = 65_536;

/** Each layer covers all of the one below; the one on top is empty as yet. */
function covered(count: number, changes: Partial<PictureRow> = {}): PictureBlocks {
  const rows = Array.from({ length: count }, (_, row): PictureRow => {
    const kind = row === 0 ? 'base' : row === count - 1 ? 'present' : 'overlay';
    const extents = kind === 'present' ? new Float64Array() : Float64Array.of(0, cluster);
    const own = { id: `${row}`, kind, file: `/${row}`, title: `layer ${row}`, words: `delta · ${row} MB` } as const;
    return { ...own, extents, kinds: new Uint8Array(extents.length / 2), ...(row === 2 ? changes : {}) };
  });
  return {
    kind: 'blocks',
    disk: 'vda',
    virtualBytes: cluster,
    clusterBytes: cluster,
    rows,
    reads: Float64Array.of(0, cluster, count - 2),
    words: '',
  };
}

const folded = (map: PictureBlocks, wanted: readonly number[] = []): readonly number[] => [
  ...foldedRows(new Blocks(map), (row) => wanted.includes(row)),
];

describe('layers that are not read now', () => {
  it('stand whole where they are few', () => {
    assert.deepEqual(folded(covered(12)), []);
  });

  it('fold where they are many, but what is looked at, what is read and what takes the writes', () => {
    const all = Array.from({ length: 18 }, (_, row) => row);
    assert.deepEqual(folded(covered(20)), all);
    assert.deepEqual(folded(covered(20), [4]), all.toSpliced(4, 1));
  });

  it('do not fold where it is not known that they are not read', () => {
    const { extents, kinds, ...unreadable } = covered(20).rows[2]!;
    assert.ok(extents !== undefined && kinds !== undefined);
    const map = { ...covered(20), rows: covered(20).rows.with(2, unreadable) };
    assert.deepEqual(
      folded(map).filter((row) => row < 3),
      [],
    );
  });

  it('have room for their names, and the others stand right below them', () => {
    const rows = new BlockRows(4, new Set([1, 2]));
    assert.equal(rows.top(1) - rows.top(0), rowHeight);
    assert.ok(rows.height(1) < rowHeight / 2);
    assert.equal(rows.top(3), rows.top(1) + 2 * rows.height(1));
    assert.equal(rows.end, rows.top(3) + rowHeight);
    for (const row of [0, 1, 2, 3]) {
      assert.equal(rows.at(rows.top(row)), row);
      assert.equal(rows.at(rows.top(row) + rows.height(row) - 1), row);
    }
    assert.deepEqual([rows.at(0), rows.at(rows.end)], [-1, 4]);
  });

  it('are scrolled into sight, above what the VM reads and below the ruler', () => {
    const rows = new BlockRows(30);
    const height = 4 * rowHeight;
    assert.equal(rows.scrolledTo(0, 500, height), 0);
    const down = rows.scrolledTo(20, 0, height);
    assert.equal(rows.top(20) + rowHeight - down, height - rowHeight);
    assert.equal(rows.scrolledTo(20, down, height), down);
    assert.equal(rows.scrolledTo(20, 5_000, height), rows.top(20) - rows.top(0));
    for (const none of [-1, 30]) {
      assert.equal(rows.scrolledTo(none, 77, height), 77);
    }
  });

  it('say so in the place of their cells', () => {
    const map = covered(20);
    const blocks = new Blocks(map);
    const texts: string[] = [];
    let cells = 0;
    const surface = { rect: () => (cells += 1), line: () => undefined, text: (text: string) => texts.push(text) };
    const look = { blocks, window: wholeDisk(map), width: 800, palette: slidePalette };
    drawBlocks(surface, look);
    const before = cells;
    assert.ok(!texts.some((text) => text.includes('not read now')));
    cells = 0;
    drawBlocks(surface, {
      ...look,
      rows: new BlockRows(
        20,
        foldedRows(blocks, () => false),
      ),
    });
    assert.equal(texts.filter((text) => text.includes('not read now')).length, 18);
    assert.ok(cells <= before - 18);
  });
});

describe('layers of a picture beside the side bar', () => {
  const read = (count: number): PictureBlocks => ({
    ...covered(count),
    virtualBytes: count * cluster,
    reads: Float64Array.from(Array.from({ length: count }, (_, row) => [row * cluster, cluster, row]).flat()),
  });

  it('are lower where there is less room, so that all that can be are in sight', () => {
    const blocks = new Blocks(read(13));
    const whole = placedRows(blocks, 0, undefined, 2_000);
    assert.equal(whole.height(1), rowHeight);
    for (const height of [700, 560, 440]) {
      const rows = placedRows(blocks, 0, undefined, height);
      assert.ok(rows.end + rowHeight <= height, `${rows.end} in ${height}`);
      assert.ok(rows.label + rows.strip < rows.height(0));
    }
  });

  it('say that they are not read in as many words as there is room for', () => {
    const title = 'a title that takes all the room that there is beside what is said of its layer';
    const blocks = new Blocks(covered(20, { title }));
    const told = (width: number): readonly string[] => {
      const cut: string[] = [];
      const surface = {
        rect: () => undefined,
        line: () => undefined,
        text: (text: string, x: number) =>
          text.startsWith('not read now') && x + textWidth(text, { size: 11.5 }) > width ? cut.push(text) : 0,
      };
      const rows = placedRows(blocks, 0, undefined, 0);
      drawBlocks(surface, { blocks, rows, window: wholeDisk(blocks.map), width, palette: slidePalette });
      return cut;
    };
    assert.deepEqual([420, 520, 1_200].flatMap(told), []);
  });

  it('say how many more there are to scroll to', () => {
    const blocks = new Blocks(read(40));
    const rows = placedRows(blocks, 0, undefined, 400);
    const hints = (top: number): readonly string[] => {
      const texts: string[] = [];
      const surface = {
        rect: () => undefined,
        line: () => undefined,
        text: (text: string) => texts.push(text),
      };
      const sight = { top, height: 400 };
      drawBlocks(surface, { blocks, rows, window: wholeDisk(blocks.map), width: 500, palette: slidePalette, sight });
      return texts.filter((text) => text.startsWith('↓'));
    };
    assert.equal(hints(0).length, 1);
    assert.notDeepEqual(hints(0), hints(100));
    assert.deepEqual(hints(rows.end + rowHeight - 400), []);
  });
});
