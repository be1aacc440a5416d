// How long something is kept, as people write it.
import assert from 'node:assert/strict';
import { parseAge, parseUntil } from '../../../src/domain/untilDate.js';
import { untilText } from '../../../src/domain/clockText.js';

/** A Wednesday. */
const now = new Date(2026, 10, 25, 13, 14, 15).getTime();
const endOf = (day: number, month = 10): number => new Date(2026, month, day, 23, 59, 59).getTime();

describe('a date until which something is kept', () => {
  const rows: Readonly<Record<string, ReturnType<typeof parseUntil>>> = {
    '12h': now + 12 * 3_600_000,
    '3d': now + 3 * 86_400_000,
    '2w': now + 14 * 86_400_000,
    '0d': 'past',
    today: endOf(25),
    tomorrow: endOf(26),
    friday: endOf(27),
    Fri: endOf(27),
    // Today: the next one.
    wednesday: endOf(2, 11),
    tuesday: endOf(1, 11),
    '2026-12-24': endOf(24, 11),
    ' 2026-12-24 18:00 ': new Date(2026, 11, 24, 18).getTime(),
    '2026-12-24T08:05': new Date(2026, 11, 24, 8, 5).getTime(),
    '18:00': new Date(2026, 10, 25, 18).getTime(),
    '13:14': 'past',
    '2026-11-24': 'past',
    '1999-12-31': 'past',
    '2026-02-30': 'unclear',
    '2026-13-01': 'unclear',
    '2026-12-24 25:00': 'unclear',
    '2026-12-24 18:60': 'unclear',
    '0000-01-01': 'unclear',
    '2026-12-24 ': endOf(24, 11),
    '2026-12-2418:00': 'unclear',
    '': 'unclear',
    day: 'unclear',
    f: 'unclear',
    '-1d': 'unclear',
    '1y': 'unclear',
    '99999d': 'unclear',
    'friday; rm': 'unclear',
  };
  for (const [written, expected] of Object.entries(rows)) {
    it(`is read: ${JSON.stringify(written)}`, () => assert.equal(parseUntil(written, now), expected));
  }

  it('is shown as short as it can be', () => {
    assert.equal(untilText(endOf(27), now), '11-27');
    assert.equal(untilText(new Date(2026, 10, 27, 18).getTime(), now), '11-27 18:00');
    assert.equal(untilText(new Date(2026, 10, 25, 18).getTime(), now), '18:00');
    assert.equal(parseAge('2w'), 14 * 86_400_000);
  });
});
