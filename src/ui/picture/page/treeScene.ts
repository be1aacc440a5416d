// Draws the tree of snapshots: boxes, the lines between them, the way to "You are here", and what an operation would do
// to each. Only what is in sight. Knows no page.
import type { LayerFate } from '../../../operations/whatIf.js';
import type { PictureNode } from '../messages.js';
import type { Palette } from './palette.js';
import type { Surface } from './surface.js';
import type { TreeNode } from './treeFolds.js';
import { type TreeLayout, layoutTree } from './treeLayout.js';

const nodeWidth = 188;
const nodeHeight = 74;
const stepX = nodeWidth + 20;
const stepY = nodeHeight + 34;
const treeMargin = 16;
/** Below this, a title has no room. */
export const smallestWords = 0.5;
/** Smaller letters could not be read: in a smaller box there are fewer lines. */
const smallestType = 11;
/** Under the title. */
const mostLines = 3;

export interface TreeFigure {
  readonly nodes: readonly TreeNode[];
  readonly layout: TreeLayout;
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

export function treeFigure(nodes: readonly TreeNode[]): TreeFigure {
  return { nodes, layout: layoutTree(nodes.map(({ parent }) => parent)) };
}

export function treeSize({ layout }: TreeFigure, scale: number): { readonly width: number; readonly height: number } {
  return {
    width: (layout.width * stepX + nodeWidth + 2 * treeMargin) * scale,
    height: (Math.max(0, layout.levels - 1) * stepY + nodeHeight + 2 * treeMargin) * scale,
  };
}

export function nodeBox({ layout }: TreeFigure, node: number, scale: number): FigureBox {
  const { x = 0, level = 0 } = layout.places[node] ?? {};
  return {
    x: (treeMargin + x * stepX) * scale,
    y: (treeMargin + level * stepY) * scale,
    width: nodeWidth * scale,
    height: nodeHeight * scale,
  };
}

/** At which scale the whole tree fits. */
export function roomFor(figure: TreeFigure, width: number, height = Infinity): number {
  const whole = treeSize(figure, 1);
  return Math.min((width - 2) / whole.width, (height - 2) / whole.height);
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
    },
    (isHere ? nodeHeight / 2 : 6) * scale,
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
      (isHere ? nodeHeight / 2 : 8) * scale,
    );
  }
  if (scale >= smallestWords) {
    drawWords(surface, one, box, scene, fate);
  }
}

function drawWords(
  surface: Surface,
  node: PictureNode,
  box: FigureBox,
  { palette, scale }: TreeScene,
  fate: { readonly fate: LayerFate; readonly words: string } | undefined,
): void {
  const inset = (node.kind === 'here' ? 22 : 10) * scale;
  const x = box.x + inset;
  const width = box.width - 2 * inset;
  const struck = fate?.fate === 'dropped';
  const heads = [
    ...(fate === undefined ? [] : [{ text: fate.words, color: fateColor(fate.fate, palette) }]),
    ...(node.mark === undefined ? [] : [{ text: node.mark, color: palette.danger }]),
    ...(node.searched === undefined
      ? []
      : [{ text: node.searched.words, color: markColor(node.searched.mark, palette) }]),
  ];
  const [top, apart] = [Math.max(10, 16 * scale), Math.max(smallestType + 1, 15 * scale)];
  const most = Math.min(mostLines, Math.floor((box.height - top - 8 * scale) / apart));
  const lines = [
    ...heads,
    ...shortenLines(node.lines, Math.max(0, most - heads.length)).map((text) => ({ text, color: undefined })),
  ].slice(0, most);
  surface.text(node.title, x, box.y + top, {
    color: palette.foreground,
    size: Math.max(smallestType, 13 * scale),
    weight: 'bold',
    width,
    struck,
  });
  lines.forEach(({ text, color }, index) => {
    surface.text(text, x, box.y + top + 2 * scale + (index + 1) * apart, {
      color: color ?? palette.muted,
      size: Math.max(smallestType, 11.5 * scale),
      width,
      ...(color === undefined ? {} : { weight: 'bold' as const }),
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
