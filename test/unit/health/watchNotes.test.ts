import assert from 'node:assert/strict';
import {
  isSnoozed,
  noNotes,
  noteKey,
  parseNotes,
  tell,
  type WatchNotes,
  withRoom,
  withSnooze,
  writeNotes,
} from '../../../src/health/watchNotes.js';
import { itRarely } from '../../allRows.js';

const hour = 3_600_000;
const now = 1_000 * hour;
const [a, b, vm] = [noteKey('a'), noteKey('b'), noteKey('vm')];
const of = (...keys: readonly string[]) => new Map(keys.map((key) => [key, { vm, check: 'chainTooDeep' }]));
const fresh = (
  notes: WatchNotes,
  keys: readonly string[],
  at: number,
  isJudged = true,
): [WatchNotes, readonly string[]] => {
  const next = tell(notes, of(...keys), () => isJudged, at);
  return [next.notes, [...next.fresh]];
};

describe('what the watch remembers', () => {
  it('tells a thing once, also after a reload', () => {
    const [once, first] = fresh(noNotes, [a], now);
    assert.deepEqual(first, [a]);
    const [, second] = fresh(parseNotes(JSON.parse(JSON.stringify(writeNotes(once)))), [a, b], now + hour);
    assert.deepEqual(second, [b]);
  });

  it('tells again what was gone for an hour, not what swings', () => {
    let [notes] = fresh(noNotes, [a], now);
    [notes] = fresh(notes, [], now + hour);
    assert.deepEqual(fresh(notes, [a], now + 1.5 * hour)[1], []);
    [notes] = fresh(notes, [], now + 1.5 * hour);
    [notes] = fresh(notes, [], now + 2 * hour);
    assert.deepEqual(fresh(notes, [a], now + 2.1 * hour)[1], [a]);
  });

  it('forgets nothing of what is not judged', () => {
    let [notes] = fresh(noNotes, [a], now);
    [notes] = fresh(notes, [], now + hour, false);
    [notes] = fresh(notes, [], now + 99 * hour, false);
    assert.deepEqual(fresh(notes, [a], now + 100 * hour)[1], []);
  });

  it('begins the hour anew when the clock went back', () => {
    let [notes] = fresh(noNotes, [a], now);
    [notes] = fresh(notes, [], now);
    [notes] = fresh(notes, [], now - 50 * hour);
    assert.deepEqual(fresh(notes, [a], now - 50 * hour)[1], []);
    [notes] = fresh(notes, [], now - 49 * hour);
    assert.deepEqual(fresh(notes, [a], now - 49 * hour)[1], [a]);
  });

  it('is silent of what is snoozed until that is over, however the clock goes', () => {
    const [told] = fresh(noNotes, [a], now);
    const notes = withSnooze(told, [a], now, now + hour);
    assert.equal(isSnoozed(notes, a, now + hour - 1), true);
    assert.equal(isSnoozed(notes, b, now), false);
    assert.equal(isSnoozed(notes, a, now + hour), false);
    assert.equal(isSnoozed(notes, a, now - 2 * hour), false);
    assert.deepEqual(fresh(notes, [a], now + hour)[1], [a], 'it is told again');
  });

  itRarely('stays bounded', () => {
    let notes = noNotes;
    for (let at = 0; at < 3_000; at += 1) {
      notes = withSnooze(tell(notes, of(noteKey(String(at))), () => false, now).notes, [noteKey(`s${at}`)], 0, 1);
    }
    for (let at = 0; at < 100; at += 1) {
      notes = withRoom(notes, noteKey(String(at)), [at, 1]);
    }
    assert.deepEqual([notes.told.size, notes.snoozed.size, notes.rooms.size], [2_000, 500, 64]);
    assert.ok(JSON.stringify(writeNotes(notes)).length < 1_000_000);
  });

  const wrong: readonly unknown[] = [
    undefined,
    null,
    1,
    [],
    { version: 2, told: [[a, vm, 'x', null]] },
    { version: 1, told: 5, snoozed: { a: 1 }, rooms: null },
    {
      version: 1,
      told: [a, [1], ['x', vm, 'x'], [a, 'x', 'x'], [a, vm, 'x'.repeat(41)]],
      snoozed: [
        [a, -1, 2],
        [a, 'x', 2],
      ],
      rooms: [['x', [[1, 1]]]],
    },
  ];
  for (const [at, value] of wrong.entries()) {
    it(`takes nothing from notes that are not ours: ${at}`, () => assert.deepEqual(parseNotes(value), noNotes));
  }

  it('takes what is right of samples, in order', () => {
    const rooms = [[a, [[2, 1], [1, 1], ['x', 1], [3], [4, Number.NaN]]]];
    assert.deepEqual(parseNotes({ version: 1, rooms }).rooms.get(a), [
      [1, 1],
      [2, 1],
    ]);
  });
});
