import assert from 'node:assert/strict';
import { layoutTree } from '../../../src/ui/picture/page/treeLayout.js';

type Parents = readonly (number | undefined)[];

/** A tree by a seed: node n hangs on one before it, now and then on none. */
function someTree(nodes: number, seed: number): Parents {
  let state = seed;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: nodes }, (_, index) =>
    index === 0 || random() < 0.02 ? undefined : Math.max(0, index - 1 - Math.floor(random() * random() * 12)),
  );
}

describe('the layout of a tree', () => {
  it('puts a chain straight down', () => {
    const { places, width, levels } = layoutTree([undefined, 0, 1, 2]);
    assert.deepEqual(
      places,
      [0, 1, 2, 3].map((level) => ({ x: 0, level })),
    );
    assert.deepEqual([width, levels], [0, 4]);
  });

  it('centres a parent above its children, in their order', () => {
    const { places } = layoutTree([undefined, 0, 0, 0]);
    assert.deepEqual(
      places.map(({ x }) => x),
      [1, 0, 1, 2],
    );
  });

  it('takes nothing for a tree', () => {
    assert.deepEqual(layoutTree([]), { places: [], width: 0, levels: 0 });
  });

  it('keeps nodes of a level apart, wherever they hang, and parents in the middle', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const parents = someTree(120, seed);
      const { places, width } = layoutTree(parents);
      const levels = new Map<number, number[]>();
      places.forEach(({ x, level }, node) => {
        levels.set(level, [...(levels.get(level) ?? []), x]);
        const children = places.filter((_, child) => parents[child] === node).map((place) => place.x);
        if (children.length > 0) {
          assert.ok(
            Math.abs(x - (Math.min(...children) + Math.max(...children)) / 2) < 1e-9,
            `seed ${seed} node ${node}`,
          );
        }
      });
      for (const [level, all] of levels) {
        all.sort((a, b) => a - b);
        all.forEach((x, index) =>
          assert.ok(index === 0 || x - all[index - 1]! > 1 - 1e-9, `seed ${seed} level ${level}`),
        );
      }
      assert.ok(places.every(({ x }) => x >= 0 && x <= width));
    }
  });

  it('puts two equal subtrees as close as they fit', () => {
    // Two roots with a child each: no wider than two nodes.
    assert.equal(layoutTree([undefined, undefined, 0, 1]).width, 1);
  });

  it('does a chain of 20,000 without running out of stack', () => {
    const { levels } = layoutTree(Array.from({ length: 20_000 }, (_, index) => (index === 0 ? undefined : index - 1)));
    assert.equal(levels, 20_000);
  });

  it('survives parents in a circle', () => {
    assert.doesNotThrow(() => layoutTree([1, 0, undefined]));
  });
});
