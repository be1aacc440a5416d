// What the lists of Undo and Redo say: things by the titles that people know, and not by the names that libvirt has.
import assert from 'node:assert/strict';
import type { LoggedOperation } from '../../../src/domain/loggedOperation.js';
import { loggedWords, undoingWords, undoLine, undoneText } from '../../../src/text/operations/loggedText.js';
import { now, ref, snapshot, vmView } from '../ui/samples.js';

const state = { power: 'off', disks: [] } as const;
const logged = (request: LoggedOperation['request'], changes: LoggedOperation['changes'] = []): LoggedOperation => ({
  id: '1f0c22ab',
  at: now,
  vm: ref,
  request,
  before: state,
  after: state,
  changes,
});
const view = vmView({
  tree: { snapshots: [snapshot('before-upgrade', { title: 'Before upgrade' })] },
});

describe('an operation of the log in words', () => {
  it('names a snapshot by its title', () => {
    const named = { vm: ref, snapshot: 'before-upgrade' };
    assert.equal(
      loggedWords(logged({ kind: 'revert', ...named, after: 'asSnapshot' }), view),
      'reverting to Before upgrade',
    );
    assert.equal(loggedWords(logged({ kind: 'favourite', ...named }), view), 'making Before upgrade the favourite');
    const marked = { vm: ref, snapshots: ['before-upgrade'] };
    assert.match(loggedWords(logged({ kind: 'keep', ...marked, kept: 'kept' }), view), /Before upgrade/);
    assert.match(loggedWords(logged({ kind: 'trash', ...marked, put: 'in', until: 0 }), view), /Before upgrade/);
  });

  it('says what becomes of a mark that is undone', () => {
    const out = { kind: 'trash', vm: ref, snapshots: ['before-upgrade'], put: 'out', until: 0 } as const;
    assert.equal(undoingWords({ kind: 'mark', request: out }, view), 'restoring Before upgrade from the trash');
  });

  it('calls undo and redo of a revert by that revert, not by the ones that they are carried out by', () => {
    const root = logged({ kind: 'revert', vm: ref, snapshot: 'before-upgrade', after: 'asSnapshot' });
    const request = { kind: 'revert', vm: ref, snapshot: 'checkpoint', after: 'running' } as const;
    const way = { kind: 'operation', request } as const;
    assert.equal(undoLine({ does: 'undo', way }, root, view), 'Undo the revert to “Before upgrade”');
    assert.equal(undoLine({ does: 'redo', way }, root, view), 'Redo the revert to “Before upgrade”');
    assert.equal(undoneText('undo', root, view, 'web'), `Undid the revert of ${view.vm.name} to “Before upgrade”`);
    assert.equal(undoneText('redo', root, view, 'web'), `Redid the revert of ${view.vm.name} to “Before upgrade”`);
    const made = logged({ kind: 'create', vm: ref, title: 'one', description: '', snapshotKind: 'offline' } as never);
    assert.match(undoLine({ does: 'undo', way }, made, view), /^Undo: creating snapshot one → /u);
  });

  it('names what is gone as it was called', () => {
    const gone = { vm: ref, snapshot: 'old' };
    assert.equal(loggedWords(logged({ kind: 'revert', ...gone, after: 'asSnapshot' }), view), 'reverting to old');
  });
});
