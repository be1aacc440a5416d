// The whole picture for a slide: title, tree, blocks and legend, on whatever surface. Knows no file format.
import { t } from '@vscode/l10n';
import type { Blocks } from './blocks.js';
import { blocksHeight, drawBlocks } from './blockScene.js';
import { type RowFate } from './blockCells.js';
import { wholeDisk } from './diskWindow.js';
import type { Palette } from './palette.js';
import type { Surface } from './surface.js';
import { type NodeFates, type TreeFigure, drawTree, treeSize } from './treeScene.js';

export interface Slide {
  readonly title: string;
  /** Under the title. */
  readonly words: string;
  readonly figure: TreeFigure;
  readonly blocks?: Blocks;
  readonly legend: readonly string[];
  /** What an operation would do, as it is shown. */
  readonly whatIf?: {
    readonly title: string;
    readonly nodes: NodeFates;
    readonly rows: ReadonlyMap<string, RowFate>;
  };
  readonly palette: Palette;
  /** False: nothing stands behind it. */
  readonly filled: boolean;
}

const margin = 32;
/** The least width of its tree and blocks. */
export const slideWidth = 1_200;
/** A larger tree is drawn smaller. */
const mostWidth = 6_000;
const mostTreeHeight = 9_000;
const lineHeight = 20;

export function slideSize(slide: Slide): { readonly width: number; readonly height: number } {
  const { width, treeHeight, blocks } = parts(slide);
  return { width: width + 2 * margin, height: headHeight(slide) + treeHeight + blocks + 2 * margin };
}

export function drawSlide(surface: Surface, slide: Slide): void {
  const { palette, figure, blocks, whatIf } = slide;
  const { width, scale, treeHeight } = parts(slide);
  const size = slideSize(slide);
  if (slide.filled) {
    surface.rect(0, 0, size.width, size.height, { color: palette.background });
  }
  surface.text(slide.title, margin, margin + 12, { color: palette.foreground, size: 26, weight: 'bold', width });
  surface.text(slide.words, margin, margin + 44, { color: palette.muted, size: 15, width });
  if (whatIf !== undefined) {
    surface.text(whatIf.title, margin, margin + 72, { color: palette.accent, size: 17, weight: 'bold', width });
  }
  const treeTop = margin + headHeight(slide);
  const treeLeft = margin + Math.max(0, (width - treeSize(figure, scale).width) / 2);
  drawTree(shiftSurface(surface, treeLeft, treeTop), {
    figure,
    palette,
    scale,
    ...(whatIf === undefined ? {} : { fates: whatIf.nodes }),
  });
  if (blocks === undefined) {
    return;
  }
  const top = treeTop + treeHeight;
  surface.text(t('Blocks of {0}', blocks.map.disk), margin, top + 14, {
    color: palette.foreground,
    size: 18,
    weight: 'bold',
    width,
  });
  surface.text(blocks.map.unreadable ?? blocks.map.words, margin, top + 38, { color: palette.muted, size: 13, width });
  drawBlocks(shiftSurface(surface, margin, top + 54), {
    blocks,
    window: wholeDisk(blocks.map),
    width,
    palette,
    ...(whatIf === undefined ? {} : { fates: whatIf.rows }),
  });
  slide.legend.forEach((line, index) => {
    surface.text(line, margin, top + 54 + blocksHeight(blocks) + 16 + index * lineHeight, {
      color: palette.muted,
      size: 13,
      width,
    });
  });
}

/** What a screen reader says of the file. */
export function slideWords({ words, figure, blocks }: Slide): string {
  return [
    words,
    t('Snapshots: {0}', figure.nodes.map(({ spoken }) => spoken).join('; ')),
    ...(blocks === undefined
      ? []
      : [t('Layers: {0}', blocks.map.rows.map(({ title, words: more }) => `${title}, ${more}`).join('; '))]),
  ].join('. ');
}

function headHeight({ whatIf }: Slide): number {
  return whatIf === undefined ? 72 : 100;
}

function parts({ figure, blocks, legend }: Slide): {
  readonly width: number;
  readonly scale: number;
  readonly treeHeight: number;
  readonly blocks: number;
} {
  const natural = treeSize(figure, 1);
  const scale = Math.min(1, mostWidth / natural.width, mostTreeHeight / natural.height);
  return {
    width: Math.max(slideWidth, natural.width * scale),
    scale,
    treeHeight: figure.nodes.length === 0 ? 0 : natural.height * scale + 24,
    blocks: blocks === undefined ? 0 : 54 + blocksHeight(blocks) + 16 + legend.length * lineHeight,
  };
}

function shiftSurface(surface: Surface, dx: number, dy: number): Surface {
  return {
    rect: (x, y, width, height, fill, stroke, radius) =>
      surface.rect(x + dx, y + dy, width, height, fill, stroke, radius),
    line: (points, stroke) =>
      surface.line(
        points.map((value, index) => value + (index % 2 === 0 ? dx : dy)),
        stroke,
      ),
    text: (text, x, y, look) => surface.text(text, x + dx, y + dy, look),
  };
}
