// Which restore points of a system a rule chooses.
import assert from 'node:assert/strict';
import type { SystemPoint } from '../../../src/domain/system.js';
import { chosenPoints } from '../../../src/systems/systemPrune.js';

const now = 1_000_000;
const point = (title: string, age: number, auto?: 'revert'): SystemPoint => ({
  id: title,
  title,
  createdAt: now - age,
  members: [],
  ...(auto !== undefined && { auto }),
});
const points = [point('left', 500, 'revert'), point('b', 300), point('a', 400), point('c', 200), point('d', 100)];
const titles = (rule: Parameters<typeof chosenPoints>[0]): readonly string[] =>
  chosenPoints(rule, points, now).map(({ title }) => title);

describe('the rule of a prune of a system', () => {
  it('chooses the oldest beyond a number, and never what a revert left', () => {
    assert.deepEqual(titles({ keepLast: 2 }), ['a', 'b']);
    assert.deepEqual(titles({ keepLast: 9 }), []);
  });

  it('chooses by age, and what both name', () => {
    assert.deepEqual(titles({ olderThanMs: 200 }), ['a', 'b', 'c']);
    assert.deepEqual(titles({ olderThanMs: 201, keepLast: 3 }), ['a']);
  });
});
