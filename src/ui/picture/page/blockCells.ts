// How single cells of a layer look: covered, unknown, and with what an operation would do to them. Knows no layer.
import type { LayerFate } from '../../../operations/whatIf.js';
import type { Palette } from './palette.js';
import type { ExtentIndex } from './extentIndex.js';
import type { Surface } from './surface.js';
import { fateColor } from './treeScene.js';

export const stripHeight = 22;
/** The opacity of a cell that a newer layer covers. */
export const coveredOpacity = 0.22;
/** A run of cells of one layer gets its letter from this width on. */
export const letterRun = 18;

export interface RowFate {
  readonly fate: LayerFate;
  readonly words: string;
  /** The bytes that are marked; absent: all of the row. */
  readonly extents?: ExtentIndex;
}

interface CellBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function drawCovered(surface: Surface, { x, y, width, height }: CellBox, color: string): void {
  const frame = width < 3 ? undefined : { color, width: 1 };
  surface.rect(x, y, width, height, { color, opacity: coveredOpacity });
  if (frame !== undefined) {
    surface.rect(x + 0.5, y + 0.5, width - 1, height - 1, undefined, frame);
  }
}

interface FateCell {
  readonly from: number;
  readonly to: number;
  readonly x: number;
  readonly width: number;
  readonly strip: number;
  readonly stripHeight: number;
  readonly held: number;
}

export function drawFate(
  surface: Surface,
  palette: Palette,
  fate: RowFate | undefined,
  { from, to, x, width, strip, stripHeight: height, held }: FateCell,
): void {
  const bytes = fate === undefined ? 0 : (fate.extents?.bytesIn(from, to) ?? held);
  if (fate === undefined || bytes === 0) {
    return;
  }
  const color = fateColor(fate.fate, palette);
  switch (fate.fate) {
    case 'dropped':
      surface.line([x + 1, strip + 2, x + width - 1, strip + height - 2], { color, width: 2 });
      surface.line([x + 1, strip + height - 2, x + width - 1, strip + 2], { color, width: 2 });
      return;
    case 'moved':
      surface.rect(x + 1, strip + 1, width - 2, height - 2, undefined, { color, width: 2 });
      return;
    case 'receives':
      surface.rect(x + 1, strip + 1, width - 2, height - 2, undefined, { color, width: 2, dash: [3, 2] });
      return;
    case 'read':
    case 'kept':
      return;
  }
}

/** Hatched in grey, which no layer is, with question marks. */
export function drawUnknown(surface: Surface, palette: Palette, place: CellBox): void {
  const { x, y, width, height } = place;
  surface.rect(x, y, width, height, { color: palette.background, ink: palette.line, pattern: 'rising' });
  if (width >= letterRun && height >= 14) {
    for (let at = x + Math.min(width / 2, 60); at < x + width - 8; at += 120) {
      surface.rect(at - 8, y + height / 2 - 8, 16, 16, { color: palette.background }, undefined, 3);
      surface.text('?', at, y + height / 2, { color: palette.foreground, size: 12, weight: 'bold', align: 'middle' });
    }
  }
}
