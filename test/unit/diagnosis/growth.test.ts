import assert from 'node:assert/strict';
import { type FreeSample, forecast, mostSamples, withSample } from '../../../src/diagnosis/growth.js';

const hour = 3_600_000;
const GiB = 1024 ** 3;
/** Free GiB, an hour apart. */
const series = (...free: readonly number[]): readonly FreeSample[] => free.map((one, at) => [at * hour, one * GiB]);
const line = (hours: number, from: number, perHour: number): readonly FreeSample[] =>
  series(...Array.from({ length: hours + 1 }, (_, at) => from + at * perHour));

describe('growth', () => {
  const rows: readonly (readonly [string, readonly FreeSample[], number | undefined])[] = [
    ['is not known from nothing', [], undefined],
    ['is not known from one moment', series(100), undefined],
    ['is not known after five hours', line(5, 100, -1), undefined],
    ['is foretold after six', line(6, 100, -1), 94 / 24],
    ['does not fill what is emptied', line(10, 100, 1), undefined],
    ['does not fill what rests', line(10, 100, 0), undefined],
    [
      'begins anew when much was freed',
      [...line(10, 100, -5), ...line(6, 200, -1).map(([at, free]): FreeSample => [at + 11 * hour, free])],
      194 / 24,
    ],
  ];
  for (const [name, samples, days] of rows) {
    it(name, () => {
      const seen = forecast(samples)?.days;
      assert.equal(
        seen === undefined ? undefined : Math.round(seen * 1_000),
        days === undefined ? undefined : Math.round(days * 1_000),
      );
    });
  }

  it('takes a sample every half an hour', () => {
    let samples: readonly FreeSample[] = [];
    for (let minutes = 0; minutes <= 120; minutes += 10) {
      samples = withSample(samples, [minutes * 60_000, 1]);
    }
    assert.deepEqual(
      samples.map(([at]) => at / 60_000),
      [0, 30, 60, 90, 120],
    );
  });

  it('stays bounded, and forgets what is older than a week', () => {
    let samples: readonly FreeSample[] = [];
    for (let at = 0; at < 30 * 24; at += 0.5) {
      samples = withSample(samples, [at * hour, 1]);
    }
    assert.ok(samples.length <= mostSamples);
    assert.ok(samples[0]![0] >= (30 * 24 - 7 * 24 - 1) * hour);
  });

  it('forgets what would be of the future when the clock went back, and goes on from there', () => {
    const before = line(10, 100, -1);
    const after = withSample(before, [4.5 * hour, 50 * GiB]);
    assert.deepEqual(
      after.map(([at]) => at / hour),
      [0, 1, 2, 3, 4, 4.5],
    );
    assert.deepEqual(withSample(before, [-hour, 1]), [[-hour, 1]]);
    assert.equal(forecast(withSample(before, [-hour, 1])), undefined);
  });
});
