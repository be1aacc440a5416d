// Which row people stand on when the ones that they deleted are gone.
import assert from 'node:assert/strict';
import { arrangeVm } from '../../../src/ui/tree/arrangedVm.js';
import { rowsAfter } from '../../../src/ui/tree/treeFocus.js';
import { branched, ref, snapshot } from './samples.js';

/** Rows: base, under it `other`; then first, second, here. */
const inTree = arrangeVm(ref, branched, { sort: 'time', layout: 'tree', filter: '' }, false);

function after(...gone: readonly string[]): readonly string[] {
  return rowsAfter(inTree, new Set(gone)).map((row) => (row.kind === 'here' ? 'here' : row.snapshot));
}

describe('the row after a delete', () => {
  it('is the next one at that level, else the one before it', () => {
    assert.deepEqual(after('first'), ['second', 'here', 'base']);
    assert.equal(after('base')[0], 'first');
  });

  it('is the one above where nothing else is at that level', () => {
    assert.deepEqual(after('other'), ['base']);
  });

  it('is none of those that go', () => {
    assert.deepEqual(after('first', 'second'), ['here', 'base']);
    assert.deepEqual(after('base', 'other', 'first', 'second'), ['here']);
  });

  it('is none where nothing goes that is shown', () => {
    assert.deepEqual(after(), []);
    assert.deepEqual(after('unknown'), []);
  });

  it('comes to an end where every snapshot goes', () => {
    const only = { snapshots: [snapshot('a')] };
    const arranged = arrangeVm(ref, only, { sort: 'time', layout: 'list', filter: 'a' }, false);
    assert.deepEqual(rowsAfter(arranged, new Set(['a'])), []);
  });
});
