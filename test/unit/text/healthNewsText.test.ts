// The message about new things that are wrong: what and why, of one VM each thing, of several how many.
import assert from 'node:assert/strict';
import type { Problem } from '../../../src/diagnosis/problem.js';
import { healthNewsText } from '../../../src/text/problems/healthNewsText.js';
import { now, ref, vmView } from '../ui/samples.js';

const deep: Problem = { kind: 'chainTooDeep', disk: 'vda', deltas: 9, limit: 8 };
const old: Problem = { kind: 'deltaTooOld', since: now - 100 * 3_600_000, limitHours: 72 };
const large: Problem = { kind: 'deltasTooLarge', bytes: 2 ** 40, limitBytes: 2 ** 30 };
const deeper: Problem = { ...deep, disk: 'vdb', deltas: 12 };

const news = (problem: Problem) => ({ problem, view: vmView() });
const text = (first: Problem, ...others: readonly Problem[]): string =>
  healthNewsText([news(first), ...others.map(news)], now);

describe('the message about what is newly wrong', () => {
  it('says what it is, why it matters, and what to do', () => {
    const said = text(deep);
    assert.match(said, /9 deltas/);
    assert.match(said, /slows down/);
    assert.match(said, /Consolidate/);
  });

  it('names each of a few things of one VM, and counts the rest', () => {
    assert.match(text(deep, old), /9 deltas.*oldest delta.*Consolidate/);
    assert.doesNotMatch(text(deep, old, large), /more thing/);
    const said = text(deep, old, large, deeper);
    assert.match(said, /1 more problem/);
    assert.doesNotMatch(said, /12 deltas/);
  });

  it('counts those of several VMs, and says the first', () => {
    const other = { problem: old, view: vmView({ ref: { ...ref, uuid: 'other' } }) };
    const said = healthNewsText([news(deep), other], now);
    assert.match(said, /^2 problems .* 2 VMs.*9 deltas.*slows down/);
  });
});
