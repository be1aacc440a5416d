// Which restore points are searched, and what is refused before anything is.
import assert from 'node:assert/strict';
import { BisectStop } from '../../../src/bisect/bisectStop.js';
import { lineOf } from '../../../src/bisect/bisectLine.js';
import { findSnapshot } from '../../../src/domain/snapshotTree.js';
import { external, tree } from '../domain/someFacts.js';

/** a ─ b ─ c ─ d, b ─ x */
const all = ['a', 'b', 'c', 'd'].map((name, at) => external(name, 'abc'[at - 1]));
const line = tree(all, 'b');
const forked = tree([...all, external('x', 'b')], 'd');

const wish = (
  from: typeof line,
  good?: string,
  bad?: string,
  ...skip: readonly string[]
): Parameters<typeof lineOf>[2] => ({
  ...(good !== undefined && { good: findSnapshot(from, good)! }),
  ...(bad !== undefined && { bad: findSnapshot(from, bad)! }),
  skip: skip.map((name) => findSnapshot(from, name)!),
});
const names = (from: typeof line, ...words: readonly (string | undefined)[]): string => {
  const [good, bad] = words;
  return lineOf('vm', from, wish(from, good, bad))
    .line.map(({ name }) => name)
    .join('');
};
const refusal = (from: typeof line, ...words: readonly (string | undefined)[]): string => {
  try {
    return names(from, ...words);
  } catch (error) {
    assert.ok(error instanceof BisectStop);
    return error.reason.kind;
  }
};

describe('bisect: the line', () => {
  it('goes from the oldest to the newest, or between what was said', () => {
    assert.equal(names(line), 'abcd');
    assert.equal(names(line, 'b'), 'bcd');
    assert.equal(names(line, undefined, 'c'), 'abc');
    assert.equal(names(line, 'b', 'c'), 'bc');
    assert.equal(names(forked), 'abcd');
    assert.equal(names(forked, undefined, 'x'), 'abx');
    assert.equal(names(forked, 'c'), 'cd');
  });

  it('takes what was said for known', () => {
    const { answers } = lineOf('vm', line, wish(line, 'a', 'd', 'c'));
    assert.deepEqual(
      answers.map(({ point, verdict }) => `${point} ${verdict}`),
      ['0 good', '3 bad', '2 skip'],
    );
  });

  it('refuses what is no line', () => {
    assert.equal(refusal(tree([])), 'noSnapshots');
    assert.equal(refusal(line, 'c', 'b'), 'notOneLine');
    assert.equal(refusal(line, 'c', 'c'), 'notOneLine');
    assert.equal(refusal(forked, 'c', 'x'), 'notOneLine');
    assert.equal(refusal(tree(forked.snapshots), 'a'), 'branches');
    assert.equal(refusal(tree([external('a'), external('b')])), 'branches');
    assert.throws(() => lineOf('vm', line, wish(line, 'b', 'd', 'a')), BisectStop);
  });
});
