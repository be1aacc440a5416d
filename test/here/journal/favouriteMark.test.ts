// The mark on the favourite of a VM outlives the editor, and there is one for each VM.
import assert from 'node:assert/strict';
import { type Marks, marksIn } from '../../../src/journal/marks.js';
import { silentLog } from '../../silentLog.js';
import { vm } from '../../unit/journal/plans.js';
import { ownFolders } from '../../unit/journal/samples.js';

describe('the mark on the favourite of a VM', () => {
  const folder = ownFolders();
  const marks = (): Marks['favourite'] => marksIn(folder(), silentLog).favourite;
  const one = { name: 'golden', createdAt: 1_800_000_000_000 };
  const other = { name: 'clean', createdAt: 1_700_000_000_000 };

  it('goes from one snapshot to another, for every editor', async () => {
    await marks().add(vm, one);
    assert.deepEqual(await marks().of(vm), [one]);
    await marks().add(vm, other);
    assert.deepEqual(await marks().of(vm), [other]);
    await marks().add(vm, one);
    assert.deepEqual(await marks().of(vm), [one]);
    await marks().forget(vm, one);
    assert.deepEqual(await marks().of(vm), []);
  });

  it('is one for each VM', async () => {
    await marks().add(vm, one);
    await marks().add({ ...vm, uuid: '00000000-0000-4000-8000-000000000009' }, other);
    assert.deepEqual(await marks().of(vm), [one]);
  });
});
