// "Fit" in the picture: however many snapshots there are, each box that is drawn has its words in it.
import assert from 'node:assert/strict';
import type { PictureNode } from '../../../src/ui/picture/messages.js';
import { ArrangedTree } from '../../../src/ui/picture/page/arrangedTree.js';
import { slidePalette } from '../../../src/ui/picture/page/palette.js';
import { drawTree, nodeBox, treeFigure, treeSize } from '../../../src/ui/picture/page/treeScene.js';
import { nodeWords } from '../../../src/ui/picture/pictureWhatIf.js';
import { type Surface, type TextLook, textWidth } from '../../../src/ui/picture/page/surface.js';

const nodeFateWords = (['dropped', 'read', 'kept', 'moved'] as const).map((fate) => nodeWords(fate, 'one'));
const count = 60;
/**
 * The size that the tree gets of a page, in pixels: of 800 × 600 with a side bar, of 1,280 × 800 and of 1,920 × 1,080.
 */
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
  readonly texts: {
    readonly text: string;
    readonly x: number;
    readonly y: number;
    readonly size: number;
    readonly isBold: boolean;
  }[] = [];
  rect(): void {
    /* Boxes are known. */
  }
  line(): void {
    /* Nothing is read of it. */
  }
  text(text: string, x: number, y: number, { size, weight }: TextLook): void {
    this.texts.push({ text, x, y, size, isBold: weight === 'bold' });
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
            ({ text, x, y }) =>
              text !== '' && title.startsWith(text) && x >= box.x && y >= box.y && y <= box.y + box.height,
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

describe('what an operation would do, in a picture', () => {
  for (const scale of [0.6, 0.8, 1, 1.5]) {
    it(`is whole in the narrowest boxes, at ${scale}`, () => {
      const fates = nodeFateWords.map((words, index) => [`s${index}`, { fate: 'read' as const, words }] as const);
      const nodes = tree((index) => (index === 0 ? undefined : 0)).slice(0, fates.length);
      const figure = treeFigure(nodes);
      const words = new Words();
      drawTree(words, { figure, palette: slidePalette, scale, fates: new Map(fates) });
      fates.forEach(([, { words: wanted }], index) => {
        const box = nodeBox(figure, index, scale);
        const own = words.texts.filter(
          ({ x, y, isBold }) => isBold && x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height,
        );
        const lines = own.slice(1);
        assert.equal(lines.map(({ text }) => text).join(' '), wanted);
        assert.ok(lines.every(({ text, size }) => textWidth(text, { size, weight: 'bold' }) <= box.width - 20 * scale));
      });
    });
  }
});

describe('the titles of a picture', () => {
  const long = 'Before the upgrade to PostgreSQL 16 and the new replication of all databases, äöü 快照';
  const titles = [long, 'x'.repeat(200), '还原点'.repeat(30), 'Clean install', `${long} ${long}`];
  const nodes = titles.map((title, index): PictureNode => ({
    kind: 'snapshot',
    name: `s${index}`,
    title,
    lines: ['memory · running', '3 days', 'frees 12 MB'],
    spoken: '',
    tokens: '',
    onPath: false,
    ...(index > 0 && { parent: index - 1 }),
  }));

  for (const [width, scale] of [
    [370, 1],
    [120, 0.5],
    [1_200, 1],
    [220, 1.5],
  ] as const) {
    it(`are whole in their boxes, where the tree has ${width} pixels, at ${scale}`, () => {
      const figure = treeFigure(nodes, width);
      const words = new Words();
      drawTree(words, { figure, palette: slidePalette, scale });
      const boxes = nodes.map((_, index) => nodeBox(figure, index, scale));
      nodes.forEach(({ title }, index) => {
        const box = boxes[index]!;
        assert.ok(boxes.every((other, at) => at <= index || other.y >= box.y + box.height));
        const own = words.texts.filter(({ y }) => y >= box.y && y <= box.y + box.height);
        const lines = own.filter(({ size, text }) => title.includes(text) && size >= 11);
        assert.equal(
          lines
            .map(({ text }) => text)
            .join('')
            .replaceAll(' ', ''),
          title.replaceAll(' ', ''),
        );
        assert.ok(lines.every(({ text, size }) => textWidth(text, { size, weight: 'bold' }) <= box.width));
      });
    });
  }

  it('have boxes as wide as there is room, and no wider than the longest needs', () => {
    const widthIn = (room: number, shown = nodes): number => nodeBox(treeFigure(shown, room), 0, 1).width;
    assert.equal(widthIn(0), widthIn(200));
    assert.ok(widthIn(370) > widthIn(200));
    assert.ok(treeSize(treeFigure(nodes, 370), 1).width <= 370);
    assert.equal(widthIn(370, [nodes[3]!]), widthIn(0));
  });
});
