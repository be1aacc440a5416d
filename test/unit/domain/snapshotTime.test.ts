// Snapshots from 1970, from the future, and from before their parents.
import assert from 'node:assert/strict';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import { doubtfulTimes } from '../../../src/domain/snapshotTime.js';
import { external, now, tree } from './someFacts.js';

const hour = 3_600_000;
const day = 24 * hour;
const at = (name: string, createdAt: number, parent?: string): Snapshot => external(name, parent, { createdAt });

describe('a time of a snapshot that cannot be right', () => {
  const rows: readonly (readonly [what: string, snapshots: readonly Snapshot[], doubtful: string])[] = [
    ['none', [at('a', now - day), at('b', now - hour, 'a'), at('c', now, 'b')], ''],
    ['1970, as of a board without a battery', [at('a', now - day), at('b', 70_000, 'a'), at('c', now, 'b')], 'b'],
    ['1970 at the root', [at('a', 0), at('b', now - day, 'a')], 'a'],
    ['the future, and not what came after it', [at('a', now + day), at('b', now - hour, 'a')], 'a'],
    ['an hour ahead, as of another time zone', [at('a', now + hour)], 'a'],
    ['some minutes ahead are not', [at('a', now + 299_000), at('b', now, 'a')], ''],
    ['set back by an hour', [at('a', now - day), at('b', now - day - hour, 'a'), at('c', now - hour, 'b')], 'b'],
    [
      'set back for several, until it has caught up',
      [at('a', now - day), at('b', now - 9 * day, 'a'), at('c', now - 8 * day, 'b'), at('d', now - hour, 'c')],
      'b c',
    ],
    ['each branch for itself', [at('a', now - day), at('b', now - 2 * day, 'a'), at('c', now - hour, 'a')], 'b'],
    ['parents in a circle', [at('a', 70_000, 'b'), at('b', now - day, 'a')], 'a'],
    ['a parent that is not there', [at('b', now - day, 'gone')], ''],
  ];
  for (const [what, snapshots, doubtful] of rows) {
    it(what, () => assert.equal([...doubtfulTimes(tree(snapshots), now)].sort().join(' '), doubtful));
  }

  it('is found in a chain of ten thousand', () => {
    const chain = Array.from({ length: 10_000 }, (_, i) =>
      at(`s${i}`, now - 10_000_000 + i * 1_000, i === 0 ? undefined : `s${i - 1}`),
    );
    assert.equal(doubtfulTimes(tree(chain), now).size, 0);
  });
});
