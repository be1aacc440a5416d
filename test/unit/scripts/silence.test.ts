// When a test that waits counts as one that hangs.
import assert from 'node:assert/strict';
import { silenceWatch } from '../../../scripts/rig/silence.cjs';

describe('the end of a test by silence', () => {
  const looks = 30;
  /** The looks after which it is ended. */
  const endsAfter = (
    looksAt: readonly (readonly [test: string | undefined, workedMs: number])[],
  ): readonly number[] => {
    const isHanging = silenceWatch();
    return looksAt.flatMap(([test, workedMs], at) => (isHanging(test, workedMs) ? [at] : []));
  };
  const silent = (test: string | undefined, count: number): readonly (readonly [string | undefined, number])[] =>
    Array.from({ length: count }, () => [test, 3]);

  it('comes after five minutes in which its process has done nothing', () => {
    assert.deepEqual(endsAfter(silent('a', looks + 1)), [looks]);
  });

  it('does not come while it works, however long, nor for a test after another', () => {
    assert.deepEqual(endsAfter(Array.from({ length: 900 }, () => ['slow', 60] as const)), []);
    assert.deepEqual(endsAfter([...silent('a', looks), ['a', 500], ...silent('a', looks - 1)]), []);
    assert.deepEqual(endsAfter([...silent('a', looks), ...silent('b', looks)]), []);
    assert.deepEqual(endsAfter(silent(undefined, 100)), []);
  });
});
