// The search on thousands of lines: what it finds is true, it finds it in as few rounds as can be, and skips mislead it
// never.
import assert from 'node:assert/strict';
import { knowledgeOf, nextPoints } from '../../../src/bisect/search.js';
import { majority, verdictOf } from '../../../src/bisect/verdicts.js';
import type { BisectAnswer, BisectTry, Verdict } from '../../../src/domain/bisect.js';
import { seeded } from '../domain/someFacts.js';

const answer = (point: number, verdict: Verdict): BisectAnswer => ({ point, verdict, tries: [] });

interface Searched {
  readonly answers: readonly BisectAnswer[];
  readonly rounds: number;
}

/** The first bad one is `first`; in each round the answers come in any order, and what they settle is not asked. */
function search(
  count: number,
  first: number,
  atOnce: number,
  {
    skips = new Set<number>(),
    given = [],
    random = () => 0,
  }: { skips?: ReadonlySet<number>; given?: readonly BisectAnswer[]; random?: () => number } = {},
): Searched {
  const answers = [...given];
  for (let rounds = 0; ; rounds += 1) {
    const points = nextPoints(count, answers, atOnce);
    assert.equal(new Set(points).size, points.length);
    assert.ok(points.length <= atOnce && rounds <= count);
    if (points.length === 0) {
      return { answers, rounds };
    }
    for (const point of points.toSorted(() => random() - 0.5)) {
      const { open } = knowledgeOf(count, answers);
      if (open.includes(point)) {
        answers.push(answer(point, skips.has(point) ? 'skip' : point < first ? 'good' : 'bad'));
      }
    }
  }
}

describe('bisect: the search', () => {
  it('takes seven looks at 64 restore points, four rounds with two at once, six where an end is known', () => {
    for (let first = 0; first <= 64; first += 1) {
      assert.ok(search(64, first, 1).answers.length <= 7);
      assert.ok(search(64, first, 2).rounds <= 4);
      assert.ok(search(64, first, 3).rounds <= 4);
      if (first < 64) {
        assert.ok(search(64, first, 1, { given: [answer(63, 'bad')] }).rounds <= 6);
      }
    }
  });

  it('finds the first bad one of any line, with as few rounds as can be', () => {
    const random = seeded(13);
    for (let turn = 0; turn < 4_000; turn += 1) {
      const count = 1 + Math.floor(random() * 200);
      const first = Math.floor(random() * (count + 1));
      const atOnce = 1 + Math.floor(random() * 5);
      const { answers, rounds } = search(count, first, atOnce, { random });
      const known = knowledgeOf(count, answers);
      assert.equal(known.oldestBad, first === count ? undefined : first);
      assert.equal(known.newestGood, first === 0 ? undefined : first - 1);
      assert.deepEqual([known.open, known.skipped, known.contradictions], [[], [], []]);
      // The largest part of a line that is split in some is rounded up, which may cost one round more.
      const fewest = Math.ceil(Math.log(count + 1) / Math.log(atOnce + 1) - 1e-9);
      assert.ok(rounds <= fewest + (atOnce === 1 ? 0 : 1), `${rounds} rounds for ${count} with ${atOnce} at once`);
    }
  });

  it('is never misled by skips, and tries all that could tell', () => {
    const random = seeded(14);
    for (let turn = 0; turn < 4_000; turn += 1) {
      const count = 1 + Math.floor(random() * 60);
      const first = Math.floor(random() * (count + 1));
      const rate = random();
      const skips = new Set(Array.from({ length: count }, (_, at) => at).filter(() => random() < rate));
      const { answers } = search(count, first, 1 + Math.floor(random() * 4), { skips, random });
      const { newestGood = -1, oldestBad = count, skipped, open } = knowledgeOf(count, answers);
      assert.ok(newestGood < first && first <= oldestBad);
      assert.deepEqual(open, []);
      assert.equal(skipped.length, oldestBad - newestGood - 1);
      assert.ok(skipped.every((point) => skips.has(point)));
    }
  });

  it('looks away from what cannot be tried: a row of twenty costs a few looks, not twenty', () => {
    const skips = new Set(Array.from({ length: 20 }, (_, at) => 22 + at));
    const { answers } = search(64, 60, 1, { skips });
    assert.ok(answers.length <= 10, `${answers.length} looks`);
    assert.equal(knowledgeOf(64, answers).oldestBad, 60);
  });

  it('counts the first answer, and tells of one that says the opposite', () => {
    const answers = [answer(5, 'bad'), answer(7, 'good'), answer(2, 'good'), answer(1, 'bad')];
    const known = knowledgeOf(10, answers);
    assert.deepEqual([known.newestGood, known.oldestBad], [2, 5]);
    assert.deepEqual(
      known.contradictions.map(({ point }) => point),
      [7, 1],
    );
  });
});

describe('bisect: verdicts', () => {
  it('reads exit codes as git bisect run does, but for those of programs that were not run', () => {
    assert.deepEqual([0, 1, 124, 125].map(verdictOf), ['good', 'bad', 'bad', 'skip']);
    assert.deepEqual(
      [126, 127, 128, 137, 255, -1].map(verdictOf),
      Array.from({ length: 6 }, () => undefined),
    );
  });

  it('tries as often as it must for a majority, and no more', () => {
    const tried = (words: string, most: number): Verdict | undefined =>
      majority(
        words.split(' ').map((verdict): BisectTry => ({ verdict: verdict as Verdict })),
        most,
      );
    assert.equal(tried('good', 1), 'good');
    assert.equal(tried('good', 3), undefined);
    assert.equal(tried('good good', 3), 'good');
    assert.equal(tried('good bad', 3), undefined);
    assert.equal(tried('good bad bad', 3), 'bad');
    assert.equal(tried('good bad', 2), 'skip');
    assert.equal(tried('skip bad good', 3), 'skip');
    assert.equal(tried('skip bad bad', 3), 'bad');
    assert.equal(tried('skip skip', 3), 'skip');
  });
});
