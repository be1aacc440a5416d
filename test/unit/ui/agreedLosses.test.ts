import assert from 'node:assert/strict';
import { isAgreed } from '../../../src/ui/prompts/agreedLosses.js';
import type { Loss } from '../../../src/domain/consequences.js';

const points = (...names: string[]): Loss => ({ kind: 'restorePoints', names });

describe('agreed losses', () => {
  it('hold for what is lost already, and for less', () => {
    assert.ok(isAgreed([points('a', 'b')], [points('b')]));
    assert.ok(isAgreed([points('a'), points('b')], [points('a', 'b')]));
    assert.ok(isAgreed([points('a'), { kind: 'ram' }], []));
    assert.ok(isAgreed([], []));
  });

  it('hold for no restore point that was not named', () => {
    assert.ok(!isAgreed([points('a')], [points('a', 'beside')]));
    assert.ok(!isAgreed([], [points('a')]));
  });

  it('hold for no other sort of loss', () => {
    assert.ok(!isAgreed([points('a')], [points('a'), { kind: 'ram' }]));
    assert.ok(!isAgreed([{ kind: 'ram' }], [{ kind: 'configuration' }]));
  });
});
