// The pages of Check Health: whether somebody sees what is wrong with a VM, or is about to.
import assert from 'node:assert/strict';
import { ProblemPages } from '../../../src/ui/problems/problemPages.js';
import { silentLog } from '../../silentLog.js';
import { ref } from './samples.js';

describe('the pages of Check Health', () => {
  it('show those VMs that are being read for one, and no other', async () => {
    const pages = new ProblemPages({ engine: {} as never, log: silentLog });
    const other = { ...ref, uuid: 'other' };
    const seen = (): readonly boolean[] => [ref, other].map((one) => pages.isSeen(one));
    assert.deepEqual(seen(), [false, false]);
    assert.deepEqual(await pages.whileRead([ref], () => Promise.resolve(seen())), [true, false]);
    assert.deepEqual(await pages.whileRead(undefined, () => Promise.resolve(seen())), [true, true]);
    await assert.rejects(pages.whileRead(undefined, () => Promise.reject(new Error('gone'))));
    assert.deepEqual(seen(), [false, false]);
    pages.dispose();
  });
});
