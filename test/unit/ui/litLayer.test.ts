// A snapshot and its layer light up together: what is drawn of the one that somebody looks at in the other half of the
// picture.
import assert from 'node:assert/strict';
import type { PictureNode, PictureRow } from '../../../src/ui/picture/messages.js';
import { drawBlocks, snapshotOf } from '../../../src/ui/picture/page/blockScene.js';
import { Blocks } from '../../../src/ui/picture/page/blocks.js';
import { wholeDisk } from '../../../src/ui/picture/page/diskWindow.js';
import { slidePalette } from '../../../src/ui/picture/page/palette.js';
import { drawTree, nodeBox, treeFigure } from '../../../src/ui/picture/page/treeScene.js';
import type { Fill, Surface } from '../../../src/ui/picture/page/surface.js';

/** Where something is laid over the picture in the colour that points things out. */
class Lights implements Surface {
  readonly at: (readonly [x: number, y: number])[] = [];
  rect(x: number, y: number, _width: number, _height: number, fill?: Fill): void {
    if (fill?.color === slidePalette.accent && fill.opacity !== undefined) {
      this.at.push([x, y]);
    }
  }
  line(): void {
    /* Nothing is lit by a line. */
  }
  text(): void {
    /* Words are the same, lit or not. */
  }
}

const node = (name: string, kind: PictureNode['kind'], parent?: number): PictureNode => ({
  kind,
  name,
  title: name,
  lines: [],
  spoken: '',
  tokens: '',
  onPath: true,
  ...(parent !== undefined && { parent }),
});
const nodes = [node('first', 'snapshot'), node('second', 'snapshot', 0), node('', 'here', 1)];

const mebibyte = 1024 ** 2;
const row = (id: string, kind: PictureRow['kind'], snapshot?: string): PictureRow => ({
  id,
  kind,
  file: `/${id}`,
  title: id,
  words: '',
  extents: Float64Array.of(0, mebibyte),
  kinds: Uint8Array.of(0),
  ...(snapshot !== undefined && { snapshot }),
});
const blocks = new Blocks({
  kind: 'blocks',
  disk: 'vda',
  virtualBytes: 10 * mebibyte,
  clusterBytes: 65_536,
  rows: [row('base', 'base', 'first'), row('overlay', 'base', 'second'), row('top', 'present')],
  reads: new Float64Array(),
  words: '',
});

function litNodes(lit: number | undefined): Lights['at'] {
  const lights = new Lights();
  const scene = { figure: treeFigure(nodes), palette: slidePalette, scale: 1, ...(lit !== undefined && { lit }) };
  drawTree(lights, scene);
  return lights.at;
}

function litLayers(lit: string | undefined): Lights['at'] {
  const lights = new Lights();
  const window = wholeDisk(blocks.map);
  drawBlocks(lights, { blocks, window, width: 800, palette: slidePalette, ...(lit !== undefined && { lit }) });
  return lights.at;
}

describe('what lights up in the picture', () => {
  it('is the node of the layer that somebody looks at, and no other', () => {
    assert.deepEqual(litNodes(undefined), []);
    for (const index of nodes.keys()) {
      const { x, y } = nodeBox(treeFigure(nodes), index, 1);
      assert.deepEqual(litNodes(index), [[x, y]]);
    }
  });

  it('is the layer of the snapshot that somebody looks at, or of the present, and no other', () => {
    assert.deepEqual(litLayers(undefined), []);
    const tops = nodes.map(({ name }) => litLayers(name));
    assert.ok(tops.every((at) => at.length === 1));
    assert.equal(new Set(tops.map(([at]) => at?.[1])).size, nodes.length);
    assert.deepEqual(litLayers('gone'), []);
  });

  it('go by one name: that of the snapshot, and an empty one for the present', () => {
    assert.deepEqual(
      blocks.map.rows.map((one) => snapshotOf(one)),
      nodes.map(({ name }) => name),
    );
  });
});
