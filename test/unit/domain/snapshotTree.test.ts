// Trees of any shape: missing parents, circles, chains of ten thousand.
import assert from 'node:assert/strict';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import {
  activePath,
  childrenOf,
  currentOf,
  descendantsOf,
  isAncestor,
  isOnActivePath,
  leafFirst,
  parentOf,
  parentsOf,
  pathTo,
  rootsOf,
  sortSnapshots,
  styleOfVm,
} from '../../../src/domain/snapshotTree.js';
import { external, internal, tree } from './someFacts.js';

const names = (snapshots: readonly Snapshot[]): string => snapshots.map(({ name }) => name).join(' ');

/** root ─ a ─ b, root ─ c */
const small = tree([internal('b', 'a'), internal('root'), internal('a', 'root'), internal('c', 'root')], 'a');

describe('snapshotTree', () => {
  it('answers for a small tree', () => {
    assert.equal(names(rootsOf(small)), 'root');
    assert.equal(names(childrenOf(small, 'root')), 'a c');
    assert.equal(names(childrenOf(small, 'c')), '');
    assert.equal(names(childrenOf(small, 'nobody')), '');
    assert.equal(names(descendantsOf(small, 'root')), 'a c b');
    assert.equal(names(leafFirst(small, 'root')), 'b c a root');
    assert.equal(names(leafFirst(small, 'nobody')), '');
    assert.equal(names(pathTo(small, 'b')), 'root a b');
    assert.equal(names(pathTo(small, 'nobody')), '');
    assert.equal(names(activePath(small)), 'root a');
    assert.equal(parentOf(small, 'a')?.name, 'root');
    assert.equal(currentOf(small)?.name, 'a');
    assert.ok(isOnActivePath(small, 'root') && !isOnActivePath(small, 'b'));
    assert.ok(isAncestor(small, 'root', 'b') && !isAncestor(small, 'b', 'root') && !isAncestor(small, 'b', 'b'));
  });

  it('makes a root of a snapshot whose parent is missing', () => {
    const orphan = tree([internal('a', 'gone'), internal('b', 'a')], 'gone');
    assert.equal(names(rootsOf(orphan)), 'a');
    assert.equal(currentOf(orphan), undefined);
    assert.equal(names(activePath(orphan)), '');
  });

  const circles: readonly (readonly [what: string, snapshots: readonly Snapshot[], roots: string, all: string])[] = [
    ['itself', [internal('a', 'a')], 'a', 'a'],
    ['two', [internal('b', 'a'), internal('a', 'b')], 'b', 'b a'],
    [
      'three with a tail that stands first',
      [internal('tail', 'c'), internal('b', 'a'), internal('c', 'b'), internal('a', 'c')],
      'b',
      'b c tail a',
    ],
    [
      'two circles and a tree',
      [
        internal('r'),
        internal('a', 'b'),
        internal('b', 'a'),
        internal('x', 'y'),
        internal('y', 'x'),
        internal('k', 'r'),
      ],
      'r a x',
      'r k a b x y',
    ],
  ];
  for (const [what, snapshots, roots, all] of circles) {
    it(`cuts a circle at its first member: ${what}`, () => {
      const cut = tree(snapshots, snapshots[0]!.name);
      assert.equal(names(rootsOf(cut)), roots);
      assert.equal(names(rootsOf(cut).flatMap((root) => [root, ...descendantsOf(cut, root.name)])), all);
      assert.equal(leafFirst(cut, rootsOf(cut)[0]!.name).at(-1), rootsOf(cut)[0]);
      assert.ok(activePath(cut).length > 0);
    });
  }

  it('takes the first of two snapshots of one name', () => {
    const doubled = tree([internal('a'), external('a', 'a')]);
    assert.equal(names(rootsOf(doubled)), 'a');
    assert.equal(names(childrenOf(doubled, 'a')), '');
  });

  it('sorts by time, within a second by the parent links, and by name with numbers by value', () => {
    const at = (name: string, createdAt: number, parent?: string): Snapshot => internal(name, parent, { createdAt });
    const times = tree([at('z', 5, 'y'), at('y', 5, 'x'), at('x', 5), at('old', 1, 'z')]);
    assert.equal(names(sortSnapshots(times, 'time')), 'old x y z');
    const titled = tree([at('s10', 1), at('s9', 2), at('B', 3), at('a', 4)]);
    assert.equal(names(sortSnapshots(titled, 'name')), 'a B s9 s10');
  });

  it('knows the style of a VM', () => {
    assert.equal(styleOfVm(tree([])), 'none');
    assert.equal(styleOfVm(tree([internal('a')])), 'internal');
    assert.equal(styleOfVm(tree([external('a')])), 'external');
    assert.equal(styleOfVm(tree([external('a'), internal('b')])), 'mixed');
  });

  it('bears a chain of ten thousand in any order, and ten thousand children', () => {
    const count = 10_000;
    const chain = Array.from({ length: count }, (_, at) => internal(`s${at}`, at === 0 ? undefined : `s${at - 1}`));
    for (const order of [chain, chain.toReversed()]) {
      const long = tree(order, `s${count - 1}`);
      assert.equal(rootsOf(long).length, 1);
      assert.equal(descendantsOf(long, 's0').length, count - 1);
      assert.equal(leafFirst(long, 's0')[0]?.name, `s${count - 1}`);
      assert.equal(pathTo(long, `s${count - 1}`).length, count);
      assert.equal(activePath(long).length, count);
      assert.ok(isAncestor(long, 's0', `s${count - 1}`));
      assert.equal(sortSnapshots(long, 'time')[0]?.name, 's0');
    }
    const ring = tree(chain.map((one, at) => (at === 0 ? internal('s0', `s${count - 1}`) : one)));
    assert.equal(names(rootsOf(ring)), 's0');
    const wide = tree([internal('top'), ...chain.map(({ name }) => internal(name, 'top'))]);
    assert.equal(childrenOf(wide, 'top').length, count);
    assert.equal(descendantsOf(wide, 'top').length, count);
  });

  it('walks over each link about once, however long the chain', () => {
    let looked = 0;
    const counting = (name: string, parent: string): Snapshot =>
      Object.defineProperty(internal(name), 'parent', { get: () => ((looked += 1), parent) });
    const chain = Array.from({ length: 2_000 }, (_, at) => counting(`s${at}`, `s${at - 1}`));
    const long = tree(chain, 's1999');
    chain.forEach(({ name }) => childrenOf(long, name));
    assert.ok(parentsOf(long).size === 1_999 && looked <= 4 * 2_000, String(looked));
  });
});
