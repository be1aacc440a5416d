import assert from 'node:assert/strict';
import {
  agoText,
  durationText,
  elapsedText,
  estimateText,
  lastSeenText,
  measuredText,
  relativeAge,
} from '../../../src/text/relativeAge.js';

describe('relative age', () => {
  const day = 86_400;
  const cases: readonly (readonly [seconds: number, text: string])[] = [
    [-3_600, 'in the future'],
    [-301, 'in the future'],
    [-300, 'now'],
    [59, 'now'],
    [60, '1 min'],
    [3_599, '59 min'],
    [3_600, '1 h'],
    [day - 1, '23 h'],
    [day, '1 day'],
    [2 * day - 1, '1 day'],
    [2 * day, '2 days'],
    [14 * day - 1, '13 days'],
    [14 * day, '2 weeks'],
    [60 * day, '8 weeks'],
    [61 * day, '2 months'],
    [2 * 365.25 * day - 1, '23 months'],
    [2 * 365.25 * day, '2 years'],
    [1_800_000_000 - 86, 'time unknown'],
  ];
  for (const [seconds, text] of cases) {
    it(`reads ${text} after ${seconds} s`, () => {
      assert.equal(relativeAge(1_800_000_000_000 - seconds * 1_000, 1_800_000_000_000), text);
    });
  }

  it('says when something was as far as a clock tells it', () => {
    const now = 1_800_000_000_000;
    assert.deepEqual(
      [now - 7_200_000, now + 3_600_000, now + 10_000, 0].map((at) => agoText(at, now)),
      ['2 h ago', 'in the future, by this computer’s clock', 'just now', 'at an unknown time'],
    );
  });

  it('counts in steps since when nothing is heard', () => {
    const now = 1_800_000_000_000;
    assert.deepEqual(
      [0, 9_999, 10_000, 59_000, 60_000, 7_200_000].map((ms) => lastSeenText(now - ms, now)),
      ['just now', 'just now', '10 s ago', '50 s ago', '1 min ago', '2 h ago'].map((ago) => `last seen ${ago}`),
    );
  });

  it('says of an estimate how short it is, where a duration would only be less than something', () => {
    assert.deepEqual(
      [0, 4, 30, 49, 50, 3_210].map((ms) => estimateText(ms)),
      ['0.01 s', '0.01 s', '0.03 s', '0.05 s', '0.1 s', '3.2 s'],
    );
  });

  it('says durations no finer than they matter', () => {
    assert.deepEqual(
      [-3_600_000, 143, 999, 3_249, 48_700, 125_000].map((ms) => durationText(ms)),
      ['less than 0.1 s', '0.1 s', '1 s', '3.2 s', '48 s', '2 min 5 s'],
    );
    assert.deepEqual(
      [-1, 143, 3_249].map((ms) => measuredText(ms)),
      ['0 ms', '143 ms', '3.2 s'],
    );
    assert.deepEqual(
      [-4, 999, 61_000].map((ms) => elapsedText(ms)),
      ['0 s', '0 s', '1 min 1 s'],
    );
  });
});
