import assert from 'node:assert/strict';
import { fromOneLine, toOneLine } from '../../../src/ui/prompts/oneLine.js';
import { checkpointTitle, suggestTitle, branchOf } from '../../../src/domain/titleSuggestion.js';

const now = new Date(2026, 10, 2, 4, 5, 6);
const named = (title: string) => ({ name: title, title });

describe('suggestTitle', () => {
  it('takes the branch and the local time', () => {
    assert.equal(suggestTitle('main@0123456789ab', [], now), 'main 04:05');
    assert.equal(suggestTitle('me@home/fix@0123456789ab', [], now), 'me@home/fix 04:05');
  });

  it('does without a branch', () => {
    assert.equal(suggestTitle(undefined, [], now), 'snapshot 04:05');
    assert.equal(suggestTitle('@0123456789ab', [], now), 'snapshot 04:05');
  });

  it('suggests nothing that is taken', () => {
    const taken = [named('snapshot 04:05')];
    assert.notEqual(suggestTitle(undefined, taken, now), taken[0]!.title);
  });
});

describe('checkpointTitle', () => {
  it('tells two of one minute, and even of one second, apart', () => {
    const first = checkpointTitle([], now);
    assert.equal(first, 'checkpoint 04:05:06');
    assert.notEqual(checkpointTitle([named(first)], now), first);
  });
});

describe('a description in one line', () => {
  it('comes back with its lines', () => {
    for (const text of ['', 'one', 'one\ntwo\n\nthree', 'with \\n in it']) {
      assert.equal(fromOneLine(toOneLine(text)), text);
      assert.ok(!toOneLine(text).includes('\n'));
    }
  });
});

describe('the branch of a reference', () => {
  for (const [reference, branch] of [
    ['main@0123456789ab', 'main'],
    ['user@host/topic@0123456789ab', 'user@host/topic'],
    ['@0123456789ab', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const) {
    it(`of ${String(reference)} is ${String(branch)}`, () => assert.equal(branchOf(reference), branch));
  }
});
