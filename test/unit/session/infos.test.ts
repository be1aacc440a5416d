// What is told of a VM: what lies in its trash is in no number.
import assert from 'node:assert/strict';
import { vmInfo } from '../../../src/session/infos.js';
import { external, tree } from '../domain/someFacts.js';
import { vmView } from '../ui/samples.js';

describe('vmInfo', () => {
  it('counts snapshots without those in the trash', () => {
    const trash = [{ name: 'b', until: 1 }];
    const read = tree([external('a'), external('b', 'a')], 'b');
    const count = (more: Parameters<typeof vmView>[0]): number | undefined =>
      vmInfo(vmView(more), () => false).snapshots;
    assert.equal(count({ tree: read, trash }), 1);
    assert.equal(count({ tree: read }), 2);
    assert.equal(count({ snapshotCount: 3, trash }), 2);
    assert.equal(count({}), undefined);
  });
});
