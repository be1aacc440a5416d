// The cells of a picture as somebody sees them: what is painted, stroke by stroke, and what is said of each. Reads no
// image and no map of one: it looks at the surface that the page draws on.
import { Blocks } from '../../src/ui/picture/page/blocks.js';
import { BlockRows, rowHeight } from '../../src/ui/picture/page/blockRows.js';
import { drawBlocks } from '../../src/ui/picture/page/blockScene.js';
import { type RowFate, stripHeight } from '../../src/ui/picture/page/blockCells.js';
import { cellWords } from '../../src/ui/picture/page/blockWords.js';
import { cellsIn, type DiskWindow, wholeDisk } from '../../src/ui/picture/page/diskWindow.js';
import type { PictureBlocks } from '../../src/ui/picture/messages.js';
import { layerFill, slidePalette as palette } from '../../src/ui/picture/page/palette.js';
import type { Fill, Stroke, Surface } from '../../src/ui/picture/page/surface.js';

interface Painted {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill?: Fill;
  readonly stroke?: Stroke;
}

export interface ShownRow {
  /** Its head: letter and title, then the words beside it. */
  readonly head: string;
  /**
   * A letter for each cell, as it is painted: D for data, Z for zeros, `.` for nothing; a small one for what the VM
   * does not read from here now.
   */
  readonly painted: string;
  /** The same as it is told to who cannot see it; C for data that are compressed. */
  readonly told: string;
  /** How many of four parts of each cell are filled. */
  readonly quarters: string;
  /** X where a what-if crosses it out, M where it moves, R where it receives. */
  readonly marked: string;
}

export interface Shown {
  readonly cellBytes: number;
  readonly layers: readonly ShownRow[];
  /** What the VM reads now: the letter of the layer of each cell, `.` for none, `?` for more than one. */
  readonly reads: string;
  /** The same as it is told. */
  readonly readsTold: string;
}

export interface Look {
  /** Pixels that a cluster gets when the whole disk is shown; 10 unless given, so that each is a cell. */
  readonly pixels?: number;
  /** Absent: the whole disk. */
  readonly window?: DiskWindow;
  readonly fates?: ReadonlyMap<string, RowFate>;
}

/** The blocks come as the editor sends them to the page. */
export function shownCells(sent: PictureBlocks, { pixels = 10, window, fates }: Look = {}): Shown {
  const blocks = new Blocks(structuredClone(sent));
  const { map } = blocks;
  const seen = window ?? wholeDisk(map);
  const width = (seen.span / map.clusterBytes) * pixels;
  const rects: Painted[] = [];
  const lines: (readonly number[])[] = [];
  const texts: { readonly text: string; readonly x: number; readonly y: number }[] = [];
  const surface: Surface = {
    rect: (x, y, w, height, fill, stroke) => {
      rects.push({ x, y, width: w, height, ...(fill && { fill }), ...(stroke && { stroke }) });
    },
    line: (points) => lines.push(points),
    text: (text, x, y) => texts.push({ text, x, y }),
  };
  const rows = new BlockRows(map.rows.length);
  const rowTop = (row: number): number => rows.top(row);
  drawBlocks(surface, { blocks, window: seen, width, palette, ...(fates && { fates }) });
  const { bytes, first, count } = cellsIn(map, seen, width);
  const cells = Array.from({ length: count }, (_, index) => {
    const from = (first + index) * bytes;
    const to = Math.min(from + bytes, map.virtualBytes);
    const left = Math.max(0, ((from - seen.start) / seen.span) * width);
    const right = Math.min(width, ((to - seen.start) / seen.span) * width);
    return { from, to, middle: (left + right) / 2 };
  });
  const inCell = (row: number, middle: number): readonly Painted[] =>
    rects.filter(
      ({ x, y, width: w, height }) =>
        x <= middle && middle <= x + w && w < width && y >= rowTop(row) + 20 && y + height <= rowTop(row) + rowHeight,
    );
  const across = (row: number, of: (cell: (typeof cells)[number], there: readonly Painted[]) => string): string =>
    cells.map((cell) => of(cell, inCell(row, cell.middle))).join('');
  const told = (row: number, of: (words: string) => string): string =>
    cells.map(({ from, to }) => of(cellWords(blocks, { row, from, to }))).join('');
  return {
    cellBytes: bytes,
    layers: map.rows.map((_, row) => ({
      head: texts
        .filter(({ y }) => y >= rowTop(row) && y < rowTop(row) + 20)
        .map(({ text }) => text)
        .join(' | '),
      painted: across(row, (_cell, there) => paintedLetter(there, row)),
      told: told(row, toldLetter),
      quarters: across(row, (_cell, there) => quartersOf(there, row)),
      marked: across(row, ({ middle }, there) => markOf(there, lines, middle, rowTop(row))),
    })),
    reads: across(map.rows.length, (_cell, there) => readLetter(there, map.rows.length)),
    readsTold: told(map.rows.length, (words) => /the VM reads .*? of layer ([A-Z])/u.exec(words)?.[1] ?? '.'),
  };
}

const isOfLayer = ({ fill }: Painted, row: number): boolean => {
  const wanted = layerFill(palette, row);
  return fill?.color === wanted.color && (fill.opacity !== undefined || fill.pattern === wanted.pattern);
};

function paintedLetter(there: readonly Painted[], row: number): string {
  const own = there.filter((one) => isOfLayer(one, row));
  if (own.length > 0) {
    return own.some(({ fill }) => fill?.opacity === undefined) ? 'D' : 'd';
  }
  const frame = there.find(({ fill, stroke }) => fill === undefined && stroke?.width === 1);
  return frame === undefined ? '.' : frame.stroke?.color === palette.foreground ? 'Z' : 'z';
}

export function toldLetter(words: string): string {
  const letter = words.includes('no data here')
    ? '.'
    : words.includes('of zeros')
      ? 'z'
      : words.includes('compressed')
        ? 'c'
        : / of data\b/u.test(words)
          ? 'd'
          : '?';
  return /, read by the VM(?: · |$)|; the VM reads .* of it/u.test(words) ? letter.toUpperCase() : letter;
}

function quartersOf(there: readonly Painted[], row: number): string {
  const highest = Math.max(0, ...there.filter((one) => isOfLayer(one, row)).map(({ height }) => height));
  return String(Math.round((highest / stripHeight) * 4));
}

/** Longer ones stand between two rows. */
const lineAcross = 100;

function markOf(there: readonly Painted[], lines: readonly (readonly number[])[], middle: number, top: number): string {
  const crosses = lines.filter(
    ([x1 = 0, y1 = 0, x2 = 0]) =>
      x1 <= middle && middle <= x2 && y1 > top && y1 < top + rowHeight && x2 - x1 < lineAcross,
  );
  const frame = there.find(({ fill, stroke }) => fill === undefined && stroke?.width === 2)?.stroke;
  return crosses.length === 2 ? 'X' : frame === undefined ? '.' : frame.dash === undefined ? 'M' : 'R';
}

function readLetter(there: readonly Painted[], layers: number): string {
  const rows = Array.from({ length: layers }, (_, row) => row).filter((row) =>
    there.some((one) => isOfLayer(one, row)),
  );
  return rows.length === 0 ? '.' : rows.length > 1 ? '?' : String.fromCharCode(65 + (rows[0] ?? 0));
}
