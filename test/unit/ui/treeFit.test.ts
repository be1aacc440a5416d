// "Fit" in the picture: however many snapshots there are, each box that is drawn has its words in it.
import assert from 'node:assert/strict';
import type { PictureNode } from '../../../src/ui/picture/messages.js';
import { ArrangedTree } from '../../../src/ui/picture/page/arrangedTree.js';
import { slidePalette } from '../../../src/ui/picture/page/palette.js';
import { drawTree, nodeBox, treeSize } from '../../../src/ui/picture/page/treeScene.js';
import type { Surface } from '../../../src/ui/picture/page/surface.js';

const count = 60;
/** Of what the tree gets of a page, in pixels: of 800 × 600 with a side bar, of 1,280 × 800 and of 1,920 × 1,080. */
const rooms = [
  [520, 180],
  [980, 300],
  [1_600, 480],
] as const;

function tree(parentOf: (index: number) => number | undefined): readonly PictureNode[] {
  const nodes = Array.from({ length: count }, (_, index): PictureNode => {
    const parent = parentOf(index);
    return {
      kind: 'snapshot',
      name: `s${index}`,
      title: `nightly ${index}`,
      lines: ['1 h · 12 MB'],
      spoken: '',
      tokens: '',
      onPath: false,
      ...(parent !== undefined && { parent }),
    };
  });
  const here: PictureNode = {
    kind: 'here',
    name: '',
    title: 'You are here',
    lines: [],
    spoken: '',
    tokens: '',
    onPath: true,
    parent: count - 1,
  };
  return [...nodes, here];
}

const trees = {
  'in a line': tree((index) => (index === 0 ? undefined : index - 1)),
  'beside each other': tree((index) => (index === 0 ? undefined : 0)),
  'in branches of ten': tree((index) => (index === 0 ? undefined : index % 10 === 0 ? index - 10 : index - 1)),
};

/** The words that are drawn, by where they begin, and their smallest size. */
class Words implements Surface {
  readonly texts: { readonly text: string; readonly x: number; readonly y: number; readonly size: number }[] = [];
  rect(): void {
    /* Boxes are known. */
  }
  line(): void {
    /* Nothing is read of it. */
  }
  text(text: string, x: number, y: number, { size }: { readonly size: number }): void {
    this.texts.push({ text, x, y, size });
  }
}

describe('a picture that is fitted', () => {
  for (const [how, nodes] of Object.entries(trees)) {
    for (const [width, height] of rooms) {
      it(`has its words in each box: ${count} snapshots ${how}, in ${width} × ${height}`, () => {
        const arranged = new ArrangedTree();
        arranged.show(nodes);
        const scale = arranged.fit(width, height);
        const words = new Words();
        drawTree(words, { figure: arranged.figure, palette: slidePalette, scale });
        arranged.nodes.forEach(({ title }, index) => {
          const box = nodeBox(arranged.figure, index, scale);
          const own = words.texts.find(
            ({ text, x, y }) => text === title && x >= box.x && y >= box.y && y <= box.y + box.height,
          );
          assert.ok(own, `${title} is an empty box`);
          assert.ok(own.size >= 11, `${title} is too small to be read`);
        });
        const shown = arranged.nodes.flatMap(({ name, folds }) => folds ?? [name]);
        assert.deepEqual([...shown].sort(), nodes.map(({ name }) => name).sort(), 'none is left out');
      });
    }
  }

  it('has a line of 60 in sight, whole', () => {
    const arranged = new ArrangedTree();
    arranged.show(trees['in a line']);
    for (const [width, height] of rooms.slice(1)) {
      const scale = arranged.fit(width, height);
      const whole = treeSize(arranged.figure, scale);
      assert.ok(whole.width <= width && whole.height <= height, `${whole.width} × ${whole.height}`);
    }
  });
});
