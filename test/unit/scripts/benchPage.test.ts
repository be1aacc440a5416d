// What benches measured, merged with what they measured before, as tables.
import assert from 'node:assert/strict';
import { mergeResults, resultsPart, unlistedBenches } from '../../../scripts/benchPage.mjs';

describe('the results of benches', () => {
  const figure = { name: 'a list', ours: 1500, baseline: 6000, unit: 'ms', goal: 0.5, against: 'virsh' };
  const none = { machines: [], benches: {} };
  const first = { date: '2026-11-30', machine: 'one', load: 0.26, isBusy: false };
  const second = { date: '2026-12-01', machine: 'two', load: 7, isBusy: true };
  const before = mergeResults(
    none,
    new Map([
      ['listing', [figure, { ...figure, name: 'another' }]],
      ['guest', [figure]],
    ]),
    new Set(),
    first,
  );

  it('keep those that were not measured again, with their date', () => {
    const { machines, benches } = mergeResults(before, new Map([['listing', [figure]]]), new Set(), second);
    assert.deepEqual(machines, ['one', 'two']);
    assert.deepEqual(benches['listing'], [{ ...figure, date: '2026-12-01', load: 7, isBusy: true, machine: 1 }]);
    assert.deepEqual(benches['guest'], [{ ...figure, date: '2026-11-30', load: 0.3, isBusy: false, machine: 0 }]);
  });

  it('keep what a bench did not come to before it failed', () => {
    const { benches } = mergeResults(before, new Map([['listing', [figure]]]), new Set(['listing']), second);
    assert.deepEqual(
      benches['listing']?.map(({ name, date }) => [name, date]),
      [
        ['a list', '2026-12-01'],
        ['another', '2026-11-30'],
      ],
    );
  });

  it('forget a machine of which nothing is left', () => {
    const all = new Map(['listing', 'guest'].map((bench) => [bench, [figure]]));
    const { machines, benches } = mergeResults(before, all, new Set(), second);
    assert.deepEqual(machines, ['two']);
    assert.deepEqual([benches['guest']?.[0]?.machine, benches['listing']?.[0]?.machine], [0, 0]);
  });

  it('are rows with the ratio, the goal and where they are from', () => {
    const part = resultsPart(before);
    assert.ok(part.includes('| a list | 1.50 s | virsh: 6.00 s | 0.250 | ≤ 0.5 | 2026-11-30, load 0.3 (1) |'), part);
    assert.match(part, /^## Machines\n\n1\. one$/mu);
    const missed = mergeResults(none, new Map([['guest', [{ ...figure, goal: 0.1 }]]]), new Set(), first);
    assert.match(resultsPart(missed), /≤ 0\.1 \*\*missed\*\*/u);
    const busy = mergeResults(none, new Map([['guest', [{ ...figure, goal: 0.1 }]]]), new Set(), second);
    assert.doesNotMatch(resultsPart(busy), /missed/u);
  });

  it('have a section for each bench', () => {
    assert.deepEqual(unlistedBenches(['listing', 'scale', 'unheard']), ['unheard']);
  });
});
