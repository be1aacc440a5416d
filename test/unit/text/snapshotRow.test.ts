// The row of a snapshot where the view is narrow: what tells most stands first, as the editor cuts the end off.
import assert from 'node:assert/strict';
import type { SnapshotSize } from '../../../src/domain/layers.js';
import { type SnapshotPlace, snapshotRow } from '../../../src/text/rows/rows.js';
import { now, snapshot } from '../ui/samples.js';

const place: SnapshotPlace = { readOnly: false, isCurrent: false, opens: 'never', automatic: false, kept: false };
const size = (bytes: SnapshotSize['bytes']): SnapshotSize => ({ snapshot: 'a', bytes, heldBytes: bytes, how: 'exact' });
const rowOf = (bytes: SnapshotSize['bytes'], more: Partial<SnapshotPlace> = {}) =>
  snapshotRow(snapshot('a', { createdAt: now - 300_000 }), { ...place, ...more }, { now }, size(bytes));

describe('the row of a snapshot in a narrow view', () => {
  it('has its age and its size before all else', () => {
    assert.equal(rowOf(2 ** 20, { kept: true }).description, '5 min · 1.0 MB · kept');
    assert.equal(rowOf('unknown', { kept: true }).description, '5 min · kept · size unknown');
  });

  it('has the size first where the title has the time', () => {
    assert.equal(rowOf(2 ** 20, { automatic: true }).description, '1.0 MB · 5 min');
    assert.equal(rowOf('unknown', { automatic: true }).description, '5 min · size unknown');
  });

  it('has a sign of what is wrong, and the words for a screen reader', () => {
    const found = [{ kind: 'overlayMissing', snapshot: 'a', file: '/a', disk: 'vda' }] as never;
    const { description, words } = rowOf(2 ** 20, { found });
    assert.equal(description, '⚠ 5 min · 1.0 MB');
    assert.match(words, /^⚠ 1 error · 5 min/u);
  });
});
