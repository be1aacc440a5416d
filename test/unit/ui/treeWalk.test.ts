import assert from 'node:assert/strict';
import { layoutTree } from '../../../src/ui/picture/page/treeLayout.js';
import { pressedKey, stepInTree, walkedTree } from '../../../src/ui/picture/page/treeWalk.js';

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
const step = (from: number, to: Parameters<typeof stepInTree>[2]): number =>
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

  it('knows a key as package.json writes it, and a letter by its place where Alt makes another sign of it', () => {
    const none = { code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
    assert.equal(pressedKey({ ...none, key: 'F2' }), 'f2');
    assert.equal(pressedKey({ ...none, key: 'Backspace', metaKey: true }), 'cmd+backspace');
    assert.equal(pressedKey({ ...none, key: '®', code: 'KeyR', metaKey: true, altKey: true }), 'cmd+alt+r');
    assert.equal(pressedKey({ ...none, key: 'R', code: 'KeyO', ctrlKey: true, shiftKey: true }), 'ctrl+shift+r');
  });

  it('jumps to the beginning and to the present', () => {
    assert.equal(step(4, 'first'), 0);
    assert.equal(step(4, 'last'), 5);
  });
});
