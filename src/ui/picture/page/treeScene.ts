// Draws the tree of snapshots: boxes, the lines between them, the way to "You are here", and what an operation would do
// to each. Only what is in sight. Knows no page.
import type { LayerFate } from '../../../operations/whatIf.js';
import type { PictureNode } from '../messages.js';
import type { Palette } from './palette.js';
import { type Surface, textWidth, wrapText } from './surface.js';
import type { TreeNode } from './treeFolds.js';
import { type TreeLayout, layoutTree } from './treeLayout.js';

/** Wider where there is room, and a title for it. */
const [narrowest, widest] = [188, 340];
/** With a title of one line; each more makes it higher. */
const nodeHeight = 74;
const [gapX, gapY] = [20, 34];
const treeMargin = 16;
/** Below this, a title has no room. */
export const smallestWords = 0.5;
/** Smaller letters could not be read: in a smaller box there are fewer lines. */
const smallestType = 11;
/** Under the title. */
const mostLines = 3;
/** The most lines of a title. The longest, 200 characters, fits into the narrowest box. */
const mostTitleLines = 20;

export interface TreeFigure {
  readonly nodes: readonly TreeNode[];
  readonly layout: TreeLayout;
  /** The width of each box, in pixels at its full size. */
  readonly boxWidth: number;
}

interface FigureBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type NodeFates = ReadonlyMap<string, { readonly fate: LayerFate; readonly words: string }>;

interface TreeScene {
  readonly figure: TreeFigure;
  readonly palette: Palette;
  readonly scale: number;
  /** What is in sight, in pixels of the whole figure; absent: all. */
  readonly sight?: FigureBox;
  readonly focused?: number;
  readonly pointed?: number;
  /** The snapshot whose layer somebody looks at. */
  readonly lit?: number;
  readonly fates?: NodeFates;
}

/** @param room in pixels: how wide the whole may be for its boxes to be wider than they must */
export function treeFigure(nodes: readonly TreeNode[], room = 0): TreeFigure {
  const layout = layoutTree(nodes.map(({ parent }) => parent));
  const free = (room - 2 * treeMargin - layout.width * gapX) / (layout.width + 1);
  const wanted = nodes.map(({ title, kind }) => Math.ceil(textWidth(title, titleLook(1))) + 2 * insetOf(kind));
  const most = Math.min(widest, free);
  return { nodes, layout, boxWidth: wanted.reduce((width, one) => Math.max(width, Math.min(one, most)), narrowest) };
}

/** Where the levels of a tree stand at one scale, and the lines of each title. */
interface TreeGeometry {
  readonly scale: number;
  readonly titles: readonly (readonly string[])[];
  /** The top of each level. */
  readonly tops: readonly number[];
  readonly heights: readonly number[];
}

/** The last one of each figure: it is asked for each node of a frame. */
const geometries = new WeakMap<TreeFigure, TreeGeometry>();

function geometryOf(figure: TreeFigure, scale: number): TreeGeometry {
  const known = geometries.get(figure);
  if (known?.scale === scale) {
    return known;
  }
  const { nodes, layout, boxWidth } = figure;
  const titles = nodes.map(({ title, kind }) =>
    scale < smallestWords
      ? [title]
      : wrapText(title, (boxWidth - 2 * insetOf(kind)) * scale, titleLook(scale), mostTitleLines),
  );
  const lines = Array.from({ length: layout.levels }, () => 1);
  layout.places.forEach(({ level }, node) => {
    lines[level] = Math.max(lines[level] ?? 1, titles[node]?.length ?? 1);
  });
  const heights = lines.map((count) => nodeHeight * scale + (count - 1) * titleApart(scale));
  const tops = [treeMargin * scale];
  heights.forEach((height, level) => tops.push((tops[level] ?? 0) + height + gapY * scale));
  const made = { scale, titles, tops, heights };
  geometries.set(figure, made);
  return made;
}

function titleLook(scale: number): { readonly size: number; readonly weight: 'bold' } {
  return { size: Math.max(smallestType, 13 * scale), weight: 'bold' };
}

/** From line to line of a title. */
function titleApart(scale: number): number {
  return Math.max(smallestType + 2, 16 * scale);
}

/** Left and right of the words; a box with round ends has less room. */
function insetOf(kind: TreeNode['kind']): number {
  return kind === 'here' ? 20 : 10;
}

export function treeSize(figure: TreeFigure, scale: number): { readonly width: number; readonly height: number } {
  const { layout, boxWidth } = figure;
  const { tops } = geometryOf(figure, scale);
  return {
    width: (layout.width * (boxWidth + gapX) + boxWidth + 2 * treeMargin) * scale,
    height: (tops.at(-1) ?? 0) + (treeMargin - (layout.levels === 0 ? 0 : gapY)) * scale,
  };
}

export function nodeBox(figure: TreeFigure, node: number, scale: number): FigureBox {
  const { layout, boxWidth } = figure;
  const { x = 0, level = 0 } = layout.places[node] ?? {};
  const { tops, heights } = geometryOf(figure, scale);
  return {
    x: (treeMargin + x * (boxWidth + gapX)) * scale,
    y: tops[level] ?? 0,
    width: boxWidth * scale,
    height: heights[level] ?? 0,
  };
}

/** At which scale the whole tree fits; smaller, its titles take more lines. */
export function roomFor(figure: TreeFigure, width: number, height = Infinity): number {
  const whole = treeSize(figure, 1);
  let scale = Math.min((width - 2) / whole.width, (height - 2) / whole.height);
  while (scale >= smallestWords && treeSize(figure, scale).height > height) {
    scale *= 0.95;
  }
  return scale;
}

/** No larger than it is, and no smaller than its words can be read. */
export function readable(scale: number): number {
  return Math.max(smallestWords, Math.min(1, scale));
}

export function nodesIn(figure: TreeFigure, sight: FigureBox, scale: number): readonly number[] {
  return figure.nodes.flatMap((_, node) => (meet(nodeBox(figure, node, scale), sight) ? [node] : []));
}

export function nodeAt(figure: TreeFigure, x: number, y: number, scale: number): number | undefined {
  return nodesIn(figure, { x, y, width: 0, height: 0 }, scale)[0];
}

export function drawTree(surface: Surface, scene: TreeScene): void {
  const { figure, scale, sight } = scene;
  const shift = { x: sight?.x ?? 0, y: sight?.y ?? 0 };
  const boxes = figure.nodes.map((_, node) => nodeBox(figure, node, scale));
  for (const way of ['beside', 'path'] as const) {
    figure.nodes.forEach(({ parent, onPath }, node) => {
      const [above, below] = [parent === undefined ? undefined : boxes[parent], boxes[node]];
      if (above !== undefined && below !== undefined && onPath === (way === 'path')) {
        drawEdge(surface, above, below, way, scene, shift);
      }
    });
  }
  boxes.forEach((box, node) => {
    if (sight === undefined || meet(box, sight)) {
      drawNode(surface, node, { ...box, x: box.x - shift.x, y: box.y - shift.y }, scene);
    }
  });
}

function drawEdge(
  surface: Surface,
  above: FigureBox,
  below: FigureBox,
  way: 'beside' | 'path',
  { palette, scale, sight }: TreeScene,
  shift: { readonly x: number; readonly y: number },
): void {
  const from = { x: above.x + above.width / 2, y: above.y + above.height };
  const to = { x: below.x + below.width / 2, y: below.y };
  const reach = { x: Math.min(from.x, to.x), y: from.y, width: Math.abs(from.x - to.x), height: to.y - from.y };
  if (sight !== undefined && !meet(reach, sight)) {
    return;
  }
  const middle = (from.y + to.y) / 2 - shift.y;
  surface.line(
    [from.x, from.y - shift.y, from.x, middle, to.x, middle, to.x, to.y - shift.y].map((value, index) =>
      index % 2 === 0 ? value - shift.x : value,
    ),
    way === 'path'
      ? { color: palette.accent, width: Math.max(1.5, 3 * scale) }
      : { color: palette.line, width: Math.max(1, 1.5 * scale), dash: [5 * scale, 4 * scale] },
  );
}

function drawNode(surface: Surface, node: number, box: FigureBox, scene: TreeScene): void {
  const { figure, palette, scale, focused, pointed, fates } = scene;
  const one = figure.nodes[node];
  if (one === undefined) {
    return;
  }
  const fate = fates?.get(one.name);
  const color = fate === undefined ? (one.onPath ? palette.accent : palette.line) : fateColor(fate.fate, palette);
  const isHere = one.kind === 'here';
  if (one.folds !== undefined) {
    const behind = 4 * scale;
    surface.rect(box.x + behind, box.y + behind, box.width, box.height, { color: palette.box }, { color, width: 1 }, 6);
  }
  surface.rect(
    box.x,
    box.y,
    box.width,
    box.height,
    { color: palette.box },
    {
      color,
      width: Math.max(1, (one.onPath || fate !== undefined ? 2 : 1) * scale),
      ...(fate?.fate === 'dropped' ? { dash: [6 * scale, 4 * scale] } : {}),
      ...(one.kind === 'fork' ? { dash: [2 * scale, 3 * scale] } : {}),
    },
    isHere ? box.height / 2 : 6 * scale,
  );
  if (node === scene.lit) {
    surface.rect(box.x, box.y, box.width, box.height, { color: palette.accent, opacity: 0.18 }, undefined, 6 * scale);
  }
  if (node === focused || node === pointed || node === scene.lit) {
    const gap = 3;
    surface.rect(
      box.x - gap,
      box.y - gap,
      box.width + 2 * gap,
      box.height + 2 * gap,
      undefined,
      { color: palette.accent, width: node === focused ? 2 : 1, ...(node === focused ? {} : { dash: [2, 2] }) },
      isHere ? box.height / 2 : 8 * scale,
    );
  }
  if (scale >= smallestWords) {
    drawWords(surface, one, box, scene, fate, geometryOf(figure, scale).titles[node] ?? []);
  }
}

function drawWords(
  surface: Surface,
  node: PictureNode,
  box: FigureBox,
  { palette, scale }: TreeScene,
  fate: { readonly fate: LayerFate; readonly words: string } | undefined,
  title: readonly string[],
): void {
  const inset = insetOf(node.kind) * scale;
  const x = box.x + inset;
  const width = box.width - 2 * inset;
  const struck = fate?.fate === 'dropped';
  const first = Math.max(10, 16 * scale);
  const [top, apart] = [first + (title.length - 1) * titleApart(scale), Math.max(smallestType + 1, 15 * scale)];
  const most = Math.min(mostLines, Math.floor((box.height - top - 8 * scale) / apart));
  const look = { size: Math.max(smallestType, 11.5 * scale), weight: 'bold' } as const;
  const heads = [
    ...(fate === undefined
      ? []
      : wrapText(fate.words, width, look, Math.max(1, most)).map((text) => ({
          text,
          color: fateColor(fate.fate, palette),
        }))),
    ...(node.mark === undefined ? [] : [{ text: node.mark, color: palette.danger }]),
    ...(node.searched === undefined
      ? []
      : [{ text: node.searched.words, color: markColor(node.searched.mark, palette) }]),
  ];
  const lines = [
    ...heads,
    ...shortenLines(node.lines, Math.max(0, most - heads.length)).map((text) => ({ text, color: undefined })),
  ].slice(0, most);
  title.forEach((line, index) => {
    const y = box.y + first + index * titleApart(scale);
    surface.text(line, x, y, { color: palette.foreground, ...titleLook(scale), width, struck });
  });
  lines.forEach(({ text, color }, index) => {
    surface.text(text, x, box.y + top + 2 * scale + (index + 1) * apart, {
      color: color ?? palette.muted,
      size: look.size,
      width,
      ...(color === undefined ? {} : { weight: look.weight }),
    });
  });
}

/** What does not fit stands together in the last line. */
function shortenLines(lines: readonly string[], most: number): readonly string[] {
  return lines.length <= most || most === 0
    ? lines.slice(0, most)
    : [...lines.slice(0, most - 1), lines.slice(most - 1).join(' · ')];
}

export function fateColor(fate: LayerFate, palette: Palette): string {
  switch (fate) {
    case 'dropped':
      return palette.danger;
    case 'moved':
    case 'receives':
    case 'read':
      return palette.accent;
    case 'kept':
      return palette.muted;
  }
}

/** The words say the same. */
function markColor(mark: NonNullable<PictureNode['searched']>['mark'], palette: Palette): string {
  return { good: palette.accent, bad: palette.danger, firstBad: palette.danger, skipped: palette.muted }[mark];
}

function meet(a: FigureBox, b: FigureBox): boolean {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;
}
