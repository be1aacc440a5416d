import assert from 'node:assert/strict';
import { chosenByRule, type PruneRule } from '../../../src/plans/pruneRule.js';
import { internal, now, tree } from '../model/situations.js';

const day = 86_400;
const aged = (name: string, days: number) => internal(name, undefined, { createdAt: now - days * day });
const all = tree([aged('d9', 9), aged('d4', 4), aged('d2', 2), aged('d1', 1), aged('soon', -1)], 'd2');

describe('chosenByRule', () => {
  const rows: readonly (readonly [rule: PruneRule, expected: string])[] = [
    [{}, 'd9 d4 d2 d1'],
    [{ olderThanSeconds: 3 * day }, 'd9 d4'],
    [{ keepLast: 3 }, 'd9 d4'],
    [{ keepLast: 4 }, 'd9'],
    [{ keepLast: 99 }, ''],
    [{ keepLast: 1, olderThanSeconds: 5 * day }, 'd9'],
  ];
  for (const [rule, expected] of rows) {
    it(`${JSON.stringify(rule)}: ${expected || 'none'}`, () => {
      assert.equal(
        chosenByRule(rule, all, now)
          .map(({ name }) => name)
          .join(' '),
        expected,
      );
    });
  }
});
