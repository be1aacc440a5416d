import assert from 'node:assert/strict';
import { layoutTree } from '../../../src/ui/picture/page/treeLayout.js';
import { ownKey, stepInTree, type TreeStep, walkedTree } from '../../../src/ui/picture/page/treeWalk.js';

/**
 * 0 ─┬─ 1 ── 3 ── 5 (here)
 *    └─ 2 ── 4
 */
const parents = [undefined, 0, 0, 1, 2, 3];
const { places } = layoutTree(parents);
const tree = walkedTree(
  parents,
  places.map(({ level }) => level),
);
const step = (from: number, to: TreeStep): number =>
  stepInTree(
    tree,
    from,
    to,
    5,
    places.map(({ x }) => x),
  );

describe('the way through a tree by keys', () => {
  it('goes up and down, down along the way to the present', () => {
    assert.equal(step(3, 'parent'), 1);
    assert.equal(step(0, 'parent'), 0);
    assert.equal(step(0, 'child'), 1);
    assert.equal(step(2, 'child'), 4);
    assert.equal(step(5, 'child'), 5);
  });

  it('goes along a level, to nodes of another parent too', () => {
    assert.equal(step(3, 'after'), 4);
    assert.equal(step(4, 'before'), 3);
    assert.equal(step(4, 'after'), 4);
  });

  it('knows Delete by the name that a Mac has for its key, and Backspace as another elsewhere', () => {
    const known = ['MacIntel', 'Linux x86_64'].map((platform) => ownKey('Backspace', platform));
    assert.deepEqual(known, ['Delete', 'Backspace']);
    assert.equal(ownKey('F2', 'MacIntel'), 'F2');
  });

  it('jumps to the beginning and to the present', () => {
    assert.equal(step(4, 'first'), 0);
    assert.equal(step(4, 'last'), 5);
  });
});
