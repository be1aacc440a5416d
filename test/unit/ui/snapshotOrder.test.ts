import assert from 'node:assert/strict';
import { inDeleteOrder } from '../../../src/ui/commands/snapshotOrder.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';

const snapshot = (name: string, parent?: string): Snapshot => ({
  name,
  title: name,
  description: '',
  trailers: {},
  ...(parent !== undefined && { parent }),
  createdAt: 0,
  state: 'running',
  memory: { location: 'internal' },
  disks: [],
  kind: 'memory',
  style: 'internal',
});

//  a ─ b ─ c        d (another root)
//       └─ e
const snapshots = [
  snapshot('a'),
  snapshot('b', 'a'),
  snapshot('c', 'b'),
  snapshot('e', 'b'),
  snapshot('d'),
  snapshot('lost', 'gone'),
  snapshot('x', 'y'),
  snapshot('y', 'x'),
];
const target = (name: string, uuid = 'one'): Parameters<typeof inDeleteOrder>[0][number] => ({
  view: { ref: { connection: 'test:///default', uuid }, tree: { snapshots } },
  snapshot: snapshots.find((one) => one.name === name)!,
});
const order = (scope: 'one' | 'withDescendants', ...names: string[]): string[] =>
  inDeleteOrder(
    names.map((name) => target(name)),
    scope,
  ).map((one) => one.snapshot.name);

describe('inDeleteOrder', () => {
  it('puts the deepest first', () => {
    assert.deepEqual(order('one', 'a', 'b', 'c'), ['c', 'b', 'a']);
    assert.deepEqual(order('one', 'd', 'e', 'a', 'b'), ['e', 'b', 'd', 'a']);
  });

  it('leaves out what goes with an ancestor', () => {
    assert.deepEqual(order('withDescendants', 'c', 'a', 'd', 'e'), ['a', 'd']);
    assert.deepEqual(order('withDescendants', 'c', 'e'), ['c', 'e']);
  });

  it('does not take the snapshots of another VM for ancestors', () => {
    const targets = [target('c', 'one'), target('a', 'two')];
    assert.deepEqual(inDeleteOrder(targets, 'withDescendants'), targets);
  });

  it('comes to an end with a parent that is missing and with a circle', () => {
    assert.deepEqual(order('one', 'lost'), ['lost']);
    assert.deepEqual(order('one', 'x', 'y').sort(), ['x', 'y']);
  });
});
