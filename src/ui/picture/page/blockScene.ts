// Draws the blocks of a disk: a row of cells for each layer, and below them what the VM reads now. A cell is filled as
// far as the layer holds its range; pale where a newer layer covers it; outlined where it says zeros. Knows no page.
import { t } from '@vscode/l10n';
import { bytesText } from '../../../text/bytesText.js';
import { layerLetter } from '../../../text/rows/layerLetter.js';
import { type RowFate, drawCovered, drawFate, drawUnknown, letterRun, stripHeight } from './blockCells.js';
import { BlockRows, labelHeight, rowHeight, rulerHeight } from './blockRows.js';
import type { Blocks } from './blocks.js';
import { type DiskWindow, cellsIn } from './diskWindow.js';
import { ExtentIndex } from './extentIndex.js';
import type { PictureMark, PictureRow, PictureWhatIf } from '../messages.js';
import { type Palette, layerFill } from './palette.js';
import { type Surface, textWidth } from './surface.js';
import { fateColor } from './treeScene.js';

/** The opacity of the strip behind the cells. */
export const stripOpacity = 0.14;
const rowTitleLook = { size: 12.5, weight: 'bold' } as const;
const rowWordsLook = { size: 11.5 } as const;
/** What a layer holds is seen, however little of the range it is. */
const leastHeight = 6;

export interface BlockScene {
  readonly blocks: Blocks;
  readonly window: DiskWindow;
  readonly width: number;
  readonly palette: Palette;
  /** Where the layers stand; absent: none is folded. */
  readonly rows?: BlockRows;
  /** Pixels that are scrolled away above, and how many are in sight; absent: all is drawn. */
  readonly sight?: { readonly top: number; readonly height: number };
  /** The row after the last layer is what the VM reads. */
  readonly cursor?: { readonly row: number; readonly offset: number };
  readonly fates?: ReadonlyMap<string, RowFate>;
  /** By file. */
  readonly marks?: RowMarks;
  /** The snapshot that somebody looks at in the tree: its layer is shown; empty: the current state. */
  readonly lit?: string;
}

/** Whose layer a row is: a snapshot's, or, with the empty name, the current state's. */
export function snapshotOf(row: PictureRow | undefined): string | undefined {
  return row?.kind === 'present' ? '' : row?.snapshot;
}

export type RowMarks = ReadonlyMap<string, PictureMark>;

/** The mark of a layer that has a problem; a snapshot inside it is no layer of its own. */
export function markOf(row: PictureRow | undefined, marks: RowMarks | undefined): PictureMark | undefined {
  return row === undefined || row.kind === 'internalSnapshot' ? undefined : marks?.get(row.file);
}

export function blocksHeight({ map, hasReads }: Blocks, rows = new BlockRows(map.rows.length)): number {
  return rows.end + (hasReads ? rowHeight : 0);
}

function rowsOf({ rows, blocks }: BlockScene): BlockRows {
  return rows ?? new BlockRows(blocks.map.rows.length);
}

interface StripPlace {
  readonly strip: number;
  readonly stripHeight: number;
}

type VisiblePart = NonNullable<BlockScene['sight']>;

/**
 * Where what the VM reads stands, in pixels of the whole: below the layers, or at the lower edge of what is in sight of
 * them.
 */
export function readsTop({ end: below }: Pick<BlockRows, 'end'>, sight: VisiblePart | undefined): number {
  return sight === undefined ? below : Math.max(rulerHeight, Math.min(below, sight.top + sight.height - rowHeight));
}

/** The row at this height of the whole; the one after the last layer is what the VM reads. */
export function rowAt({ map, hasReads }: Blocks, rows: BlockRows, y: number, sight: VisiblePart): number {
  return hasReads && y >= readsTop(rows, sight) ? map.rows.length : rows.at(y);
}

export function rowFates({ rows }: PictureWhatIf): ReadonlyMap<string, RowFate> {
  return new Map(
    rows.map(({ row, fate, words, extents }) => [
      row,
      { fate, words, ...(extents === undefined ? {} : { extents: new ExtentIndex(extents) }) },
    ]),
  );
}

export function drawBlocks(surface: Surface, scene: BlockScene): void {
  const { blocks, sight } = scene;
  const rows = rowsOf(scene);
  const top = sight?.top ?? 0;
  const isInSight = (row: number): boolean =>
    sight === undefined || (rows.top(row + 1) >= sight.top && rows.top(row) <= sight.top + sight.height);
  blocks.map.rows.forEach((_, row) => {
    if (isInSight(row)) {
      drawLayer(surface, scene, row, rows.top(row) - top);
    }
  });
  if (blocks.hasReads) {
    drawReads(surface, scene, readsTop(rows, sight) - top);
  }
  if (blocks.map.unreadable === undefined) {
    drawRuler(surface, scene);
  }
}

/** It stays in sight above rows that are scrolled. */
function drawRuler(surface: Surface, { blocks, window, width, palette, sight }: BlockScene): void {
  if (sight !== undefined) {
    surface.rect(0, 0, width, rulerHeight, { color: palette.background });
  }
  const { virtualBytes } = blocks.map;
  const left = (window.start / virtualBytes) * width;
  const part = Math.max(3, (window.span / virtualBytes) * width);
  surface.rect(0, 2, width, 5, { color: palette.line, opacity: 0.4 });
  surface.rect(Math.min(left, width - part), 2, part, 5, { color: palette.accent });
  const look = { color: palette.muted, size: 11 };
  const middle = 17;
  surface.text(bytesText(window.start), 0, middle, look);
  if (width > 260) {
    surface.text(bytesText(window.start + window.span / 2), width / 2, middle, { ...look, align: 'middle' });
  }
  surface.text(bytesText(window.start + window.span), width, middle, { ...look, align: 'right' });
}

/**
 * Where the words behind the titles begin: the titles are whole, if at least the sizes have room beside them.
 * @param told of this row, if it is told more than its size
 */
function labelColumn(scene: BlockScene, told = ''): number {
  const { width } = scene;
  const { rows } = scene.blocks.map;
  const most = (widths: readonly number[]): number => widths.reduce((one, other) => Math.max(one, other), 0);
  const titles = most(rows.map(({ title }) => textWidth(`W  ${title}`, rowTitleLook))) + 34;
  const sizes = most(
    rows.map((row, index) => textWidth(rowsOf(scene).isFolded(index) ? t('not read now') : sizeIn(row), rowWordsLook)),
  );
  const words = Math.max(sizes, textWidth(told, { ...rowWordsLook, weight: 'bold' })) + 8;
  // What an operation would do is whole before the titles are.
  return Math.max(width * (told === '' ? 0.4 : 0.25), Math.min(titles, width - words));
}

function sizeIn({ words }: PictureRow): string {
  return words.split(' · ')[1] ?? '';
}

function drawLayer(surface: Surface, scene: BlockScene, row: number, top: number): void {
  const { blocks, palette, width, fates, marks } = scene;
  const one = blocks.map.rows[row];
  if (one === undefined) {
    return;
  }
  const fill = layerFill(palette, row);
  const fate = fates?.get(one.id);
  const mark = markOf(one, marks);
  const { label, strip: stripHeight } = rowsOf(scene);
  const isFolded = rowsOf(scene).isFolded(row);
  const middle = top + label / 2;
  const isLit = scene.lit !== undefined && snapshotOf(one) === scene.lit;
  if (isLit) {
    const height = isFolded ? label : rowsOf(scene).height(row) - 6;
    surface.rect(0, top, width, height, { color: palette.accent, opacity: 0.12 }, undefined, 3);
    surface.rect(0, top, 3, height, { color: palette.accent });
  }
  surface.rect(isLit ? 5 : 1, middle - 7, 14, 14, fill, { color: palette.foreground, width: 1 });
  const letter = `${layerLetter(row)}  ${one.title}`;
  const half = labelColumn(scene, fate?.words ?? (mark && `${mark.mark} · ${sizeIn(one)}`));
  surface.text(letter, isLit ? 26 : 22, middle, {
    color: palette.foreground,
    ...rowTitleLook,
    width: half - 30,
    struck: fate?.fate === 'dropped' && (fate.extents === undefined || one.kind === 'internalSnapshot'),
  });
  // Where there is little room, the title counts, and of the words the size.
  const size = textWidth(one.words, rowWordsLook) > width - half ? sizeIn(one) : one.words;
  const folded = `${t('not read now')} · ${size}`;
  const told = !isFolded ? size : textWidth(folded, rowWordsLook) > width - half ? t('not read now') : folded;
  const words = fate?.words ?? (mark === undefined ? told : `${mark.mark} · ${told}`);
  surface.text(words, half, middle, {
    color: fate !== undefined ? fateColor(fate.fate, palette) : mark === undefined ? palette.muted : palette.danger,
    ...rowWordsLook,
    width: width - half,
    ...(fate === undefined && mark === undefined ? {} : { weight: 'bold' as const }),
  });
  if (isFolded) {
    return;
  }
  const strip = top + label;
  if (!blocks.isReadable(row)) {
    drawSize(surface, scene, row, { strip, stripHeight });
    return;
  }
  surface.rect(0, strip, width, stripHeight, { color: palette.line, opacity: stripOpacity });
  eachCell(scene, (from, to, x, cellWidth) => {
    const { data, zero, read } = blocks.content(row, from, to);
    const range = to - from;
    if (data > 0) {
      const height = Math.max(leastHeight, (data / range) * stripHeight);
      const readHeight = read === 0 ? 0 : Math.min(height, Math.max(leastHeight, (read / range) * stripHeight));
      if (readHeight < height) {
        drawCovered(surface, { x, y: strip + stripHeight - height, width: cellWidth, height }, fill.color);
      }
      if (readHeight > 0) {
        surface.rect(x, strip + stripHeight - readHeight, cellWidth, readHeight, fill);
      }
    } else if (zero > 0) {
      const color = { color: read > 0 ? palette.foreground : palette.line, width: 1 };
      const height = Math.max(leastHeight, (zero / range) * stripHeight);
      surface.rect(x + 0.5, strip + stripHeight - height + 0.5, cellWidth - 1, height - 1, undefined, color);
    }
    drawFate(surface, palette, fate, { from, to, x, width: cellWidth, strip, stripHeight, held: data + zero });
  });
  drawCursor(surface, scene, row, { strip, stripHeight });
}

/** Without a map, all that is known of a layer is what it takes on its file system. */
function drawSize(surface: Surface, scene: BlockScene, row: number, { strip, stripHeight }: StripPlace): void {
  const { blocks, palette, width } = scene;
  const bytes = blocks.map.rows[row]?.allocatedBytes;
  const most = Math.max(1, ...blocks.map.rows.map(({ allocatedBytes = 0 }) => allocatedBytes));
  // Beside others of which the blocks are known, a bar of its size would be read as blocks.
  const isAlone = blocks.map.unreadable !== undefined && bytes !== undefined;
  const filled = isAlone ? Math.max(2, (bytes / most) * width) : 0;
  if (!isAlone) {
    drawUnknown(surface, palette, { x: 0, y: strip, width, height: stripHeight });
  }
  surface.rect(0, strip, width, stripHeight, undefined, { color: palette.line, width: 1, dash: [4, 3] });
  if (filled > 0) {
    surface.rect(0, strip, filled, stripHeight, layerFill(palette, row));
  }
}

/** How many layers stand below what is in sight. @param top of what covers them, in pixels of what is in sight */
function hiddenBelow(scene: BlockScene, top: number): number {
  const { blocks, sight } = scene;
  const rows = rowsOf(scene);
  return sight === undefined
    ? 0
    : blocks.map.rows.filter((_, row) => rows.top(row) + rows.label > sight.top + top).length;
}

function drawReads(surface: Surface, scene: BlockScene, top: number): void {
  const { blocks, palette, width, sight } = scene;
  if (sight !== undefined) {
    // Layers go on below it.
    surface.rect(0, top - 5, width, rowHeight + 5, { color: palette.background });
  }
  surface.line([0, top - 4, width, top - 4], { color: palette.line, width: 1 });
  const hidden = hiddenBelow(scene, top);
  const hint = hidden === 0 ? '' : hidden === 1 ? t('1 more layer: scroll') : t('{0} more layers: scroll', hidden);
  surface.text(t('What the VM reads now'), 0, top + 10, {
    color: palette.foreground,
    ...rowTitleLook,
    width: width - textWidth(hint, rowTitleLook) - 12,
  });
  if (hidden > 0) {
    surface.text(`↓ ${hint}`, width, top + 10, { color: palette.accent, ...rowTitleLook, align: 'right' });
  }
  const strip = top + labelHeight;
  surface.rect(0, strip, width, stripHeight, { color: palette.line, opacity: stripOpacity });
  const runs: { row: number; from: number; to: number }[] = [];
  eachCell(scene, (from, to, x, cellWidth) => {
    const read = blocks.readIn(from, to);
    if (blocks.isPartlyUnknown && read.reduce((sum, { bytes }) => sum + bytes, 0) < to - from) {
      drawUnknown(surface, palette, { x, y: strip, width: cellWidth + 1, height: stripHeight });
    }
    const wished = read.map(({ bytes }) => Math.max(leastHeight, (bytes / (to - from)) * stripHeight));
    const fits = Math.min(1, stripHeight / wished.reduce((sum, height) => sum + height, 0));
    let base = strip + stripHeight;
    for (const { row, height } of read
      .map(({ row: of }, index) => ({ row: of, height: (wished[index] ?? 0) * fits }))
      .sort((a, b) => a.row - b.row)) {
      base -= height;
      surface.rect(x, base, cellWidth, height, layerFill(palette, row));
    }
    const row = read[0]?.row ?? -1;
    const last = runs.at(-1);
    if (last?.row === row && last.to >= x - 2) {
      last.to = x + cellWidth;
    } else {
      runs.push({ row, from: x, to: x + cellWidth });
    }
  });
  for (const { row, from, to } of runs) {
    if (row >= 0 && to - from >= letterRun) {
      const letter = layerLetter(row);
      const middle = (from + to) / 2;
      surface.rect(middle - 8, strip + 3, 16, stripHeight - 6, { color: palette.background }, undefined, 3);
      surface.text(letter, middle, strip + stripHeight / 2, {
        color: palette.foreground,
        size: 11,
        weight: 'bold',
        align: 'middle',
      });
    }
  }
  drawCursor(surface, scene, blocks.map.rows.length, { strip, stripHeight });
}

function drawCursor(surface: Surface, scene: BlockScene, row: number, { strip, stripHeight }: StripPlace): void {
  const { cursor, blocks, window, width, palette } = scene;
  if (cursor?.row !== row) {
    return;
  }
  const { bytes } = cellsIn(blocks.map, window, width);
  const pixels = width / window.span;
  const from = Math.floor(cursor.offset / bytes) * bytes;
  const x = (from - window.start) * pixels;
  const cell = Math.max(4, bytes * pixels);
  surface.rect(x - 1.5, strip - 1.5, cell + 2, stripHeight + 3, undefined, { color: palette.background, width: 4 });
  surface.rect(x - 1.5, strip - 1.5, cell + 2, stripHeight + 3, undefined, { color: palette.foreground, width: 2 });
}

/** @param draw is told the range in bytes, and where the cell stands in pixels */
function eachCell(
  { blocks, window, width }: BlockScene,
  draw: (from: number, to: number, x: number, width: number) => void,
): void {
  const { bytes, first, count } = cellsIn(blocks.map, window, width);
  const pixels = width / window.span;
  for (let cell = first; cell < first + count; cell++) {
    const from = cell * bytes;
    const to = Math.min(from + bytes, blocks.map.virtualBytes);
    const left = Math.max(0, (from - window.start) * pixels);
    const right = Math.min(width, (to - window.start) * pixels);
    draw(from, to, left, Math.max(1, right - left - 1));
  }
}
