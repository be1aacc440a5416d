// The goal of a level as a picture: its snapshots as the picture of a VM draws them. A value in, SVG out.
import { t } from '@vscode/l10n';
import type { LessonFacts } from '../../lesson/lessonFacts.js';
import { reachedOf } from '../../lesson/levelChecks.js';
import type { LevelGoal } from '../../lesson/levelShape.js';
import { kindWords } from '../../text/words.js';
import type { PictureNode } from '../picture/messages.js';
import type { Palette } from '../picture/page/palette.js';
import { SvgSurface } from '../picture/page/svgSurface.js';
import { drawTree, readable, roomFor, treeFigure, treeSize } from '../picture/page/treeScene.js';

/** In pixels: the column beside a step. */
const room = 420;

/** The colours of the editor's theme. */
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

/** What is reached has a tick. */
export function goalPicture(goal: LevelGoal, facts: LessonFacts): string {
  const figure = treeFigure(
    nodesOf(goal, reachedOf(facts, goal)).map((node) => ({ ...node })),
    room,
  );
  const scale = readable(roomFor(figure, room));
  const surface = new SvgSurface('var(--vscode-font-family)');
  drawTree(surface, { figure, palette, scale });
  const { width, height } = treeSize(figure, scale);
  const words = figure.nodes.map(({ spoken }) => spoken).join(' ');
  return surface.finish(width, height, t('Goal'), words);
}

function nodesOf({ snapshots, current }: LevelGoal, reached: ReturnType<typeof reachedOf>): readonly PictureNode[] {
  const at = new Map(snapshots.map(({ title }, index) => [title, index]));
  const path = new Set<string>();
  for (let one = current; one !== undefined && !path.has(one);) {
    path.add(one);
    const here: string = one;
    one = snapshots.find(({ title }) => title === here)?.below;
  }
  const nodes = snapshots.map(({ title, below, kind }, index): PictureNode => {
    const isReached = reached.snapshots[index] === true;
    const parent = below === undefined ? undefined : at.get(below);
    return {
      kind: 'snapshot',
      name: title,
      ...(parent !== undefined && { parent }),
      title: addTick(title, isReached),
      lines: kind === undefined ? [] : [kindWords({ kind, trailers: {} })],
      spoken: spokenOf(below === undefined ? `${title}.` : t('{0}, below {1}.', title, below), isReached),
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
          title: addTick(here, reached.isHere),
          lines: [],
          spoken: spokenOf(t('{0}, below {1}.', here, current), reached.isHere),
          tokens: '',
          onPath: true,
        },
      ];
}

function addTick(title: string, isReached: boolean): string {
  return isReached ? `✓ ${title}` : title;
}

function spokenOf(words: string, isReached: boolean): string {
  return isReached ? `${words} ${t('Done.')}` : words;
}
