// The goal of a level as a picture: its snapshots as the picture of a VM draws them. A value in, SVG out.
import { t } from '@vscode/l10n';
import type { LevelGoal } from '../../lesson/levelShape.js';
import { kindWords } from '../../text/words.js';
import type { PictureNode } from '../picture/messages.js';
import type { Palette } from '../picture/page/palette.js';
import { SvgSurface } from '../picture/page/svgSurface.js';
import { drawTree, readable, roomFor, treeFigure, treeSize } from '../picture/page/treeScene.js';

/** In pixels: the column beside a step. */
const room = 420;

/** Of the editor's theme. */
const palette: Palette = {
  background: 'var(--vscode-editor-background)',
  foreground: 'var(--vscode-foreground)',
  muted: 'var(--vscode-descriptionForeground)',
  line: 'var(--vscode-descriptionForeground)',
  accent: 'var(--vscode-textLink-foreground)',
  danger: 'var(--vscode-errorForeground)',
  box: 'var(--vscode-textCodeBlock-background)',
  layers: [],
  inks: [],
};

export function goalPicture(goal: LevelGoal): string {
  const figure = treeFigure(
    nodesOf(goal).map((node) => ({ ...node })),
    room,
  );
  const scale = readable(roomFor(figure, room));
  const surface = new SvgSurface('var(--vscode-font-family)');
  drawTree(surface, { figure, palette, scale });
  const { width, height } = treeSize(figure, scale);
  const words = figure.nodes.map(({ spoken }) => spoken).join(' ');
  return surface.finish(width, height, t('Goal'), words);
}

function nodesOf({ snapshots, current }: LevelGoal): readonly PictureNode[] {
  const at = new Map(snapshots.map(({ title }, index) => [title, index]));
  const path = new Set<string>();
  for (let one = current; one !== undefined && !path.has(one);) {
    path.add(one);
    const here: string = one;
    one = snapshots.find(({ title }) => title === here)?.below;
  }
  const nodes = snapshots.map(({ title, below, kind }): PictureNode => {
    const parent = below === undefined ? undefined : at.get(below);
    return {
      kind: 'snapshot',
      name: title,
      ...(parent !== undefined && { parent }),
      title,
      lines: kind === undefined ? [] : [kindWords({ kind, trailers: {} })],
      spoken: below === undefined ? `${title}.` : t('{0}, below {1}.', title, below),
      tokens: '',
      onPath: path.has(title),
    };
  });
  const parent = current === undefined ? undefined : at.get(current);
  const here = t('You are here');
  return current === undefined
    ? nodes
    : [
        ...nodes,
        {
          kind: 'here',
          name: '',
          ...(parent !== undefined && { parent }),
          title: here,
          lines: [],
          spoken: t('{0}, below {1}.', here, current),
          tokens: '',
          onPath: true,
        },
      ];
}
