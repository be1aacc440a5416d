import assert from 'node:assert/strict';
import { inDeleteOrder } from '../../../src/ui/commands/snapshots/snapshotOrder.js';
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
const target = (name: string): Parameters<typeof inDeleteOrder>[0][number] => ({
  view: { tree: { snapshots } },
  snapshot: snapshots.find((one) => one.name === name)!,
});
const order = (...names: string[]): string[] => inDeleteOrder(names.map(target)).map((one) => one.snapshot.name);

describe('inDeleteOrder', () => {
  it('puts the deepest first', () => {
    assert.deepEqual(order('a', 'b', 'c'), ['c', 'b', 'a']);
    assert.deepEqual(order('d', 'e', 'a', 'b'), ['e', 'b', 'd', 'a']);
  });

  it('comes to an end with a parent that is missing and with a circle', () => {
    assert.deepEqual(order('lost'), ['lost']);
    assert.deepEqual(order('x', 'y').sort(), ['x', 'y']);
  });
});
