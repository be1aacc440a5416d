import * as assert from 'node:assert/strict';
import { findSlipped, recordWith } from '../../../scripts/benchRecord.mjs';

describe('figures of benches', () => {
  const before = recordWith({}, 'one', new Map([['start', 0.5]]), 'abc');

  it('slip where they are worse by more than a tenth than on the same kind of machine', () => {
    const slipped = (machine: string, ratio: number): number =>
      findSlipped(before, machine, new Map([['start', ratio]])).length;
    assert.deepEqual([slipped('one', 0.54), slipped('one', 0.56), slipped('other', 0.56)], [0, 1, 0]);
    assert.match(findSlipped(before, 'one', new Map([['start', 1]])).join(), /start.*0\.500.*abc\.\.HEAD/u);
  });

  it('keep those that were not measured again', () => {
    const after = recordWith(before, 'one', new Map([['end', 2]]), 'def');
    assert.deepEqual(after, {
      one: { start: { ratio: 0.5, commit: 'abc' }, end: { ratio: 2, commit: 'def' } },
    });
  });
});
