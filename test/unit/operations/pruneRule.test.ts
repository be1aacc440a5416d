import assert from 'node:assert/strict';
import { chosenByRule, type PruneRule } from '../../../src/operations/prune/pruneRule.js';
import { internal, now, tree } from '../domain/someFacts.js';

const day = 86_400_000;
const aged = (name: string, days: number) => internal(name, undefined, { createdAt: now - days * day });
const all = tree([aged('d9', 9), aged('d4', 4), aged('d2', 2), aged('d1', 1), aged('soon', -1)], 'd2');

describe('chosenByRule', () => {
  const rows: readonly (readonly [rule: PruneRule, expected: string])[] = [
    [{}, 'd9 d4 d2 d1 soon'],
    [{ olderThanMs: 0 }, 'd9 d4 d2 d1'],
    [{ olderThanMs: 3 * day }, 'd9 d4'],
    [{ keepLast: 0 }, 'd9 d4 d2 d1'],
    [{ keepLast: 2 }, 'd9 d4'],
    [{ keepLast: 3 }, 'd9'],
    [{ keepLast: 4 }, ''],
    [{ keepLast: 99 }, ''],
    [{ keepLast: 1, olderThanMs: 5 * day }, 'd9'],
  ];
  for (const [rule, expected] of rows) {
    it(`${JSON.stringify(rule)}: ${expected || 'none'}`, () => {
      assert.equal(
        chosenByRule(rule, all, [], now)
          .map(({ name }) => name)
          .join(' '),
        expected,
      );
    });
  }

  it('passes over what lies in the trash, which is none of the newest', () => {
    const chosen = (rule: PruneRule): string =>
      chosenByRule(rule, all, ['d9', 'd1'], now)
        .map(({ name }) => name)
        .join(' ');
    assert.equal(chosen({}), 'd4 d2 soon');
    assert.equal(chosen({ olderThanMs: 3 * day }), 'd4');
    assert.equal(chosen({ keepLast: 1 }), 'd4');
  });

  it('takes no snapshot for old because the clock was wrong when it was taken', () => {
    const child = (name: string, parent: string, days: number) =>
      internal(name, parent, { createdAt: now - days * day });
    const lost = internal('lost', 'd30', { createdAt: 86_000 });
    const untimed = tree([aged('d30', 30), lost, child('back', 'lost', 400), child('d1', 'back', 1)], 'd1');
    const chosen = (rule: PruneRule): string =>
      chosenByRule(rule, untimed, [], now)
        .map(({ name }) => name)
        .join(' ');
    assert.equal(chosen({ olderThanMs: 7 * day }), 'd30');
    assert.equal(chosen({ keepLast: 1 }), 'd30');
    assert.equal(chosen({ keepLast: 2 }), '');
  });
});
