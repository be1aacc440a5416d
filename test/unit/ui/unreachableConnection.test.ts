// What is refused while nothing is heard of a connection, and what is not.
import assert from 'node:assert/strict';
import { Failure } from '../../../src/domain/failure.js';
import type { ConnectionView } from '../../../src/live/views.js';
import type { CommandId } from '../../../src/verbs/verbs.js';
import { refuseUnreachable, refuseSilent } from '../../../src/ui/commands/unreachableConnection.js';
import type { Node } from '../../../src/ui/tree/nodes.js';
import { connectionView, now, ref, uri } from './samples.js';

const snapshot: Node = { kind: 'snapshot', id: 's', ref, snapshot: 's' };
const connection: Node = { kind: 'connection', id: uri, connection: uri };
const failure = new Failure('unreachable', { connection: uri });
const silent = connectionView({ lastSeenAt: now });
const ended = connectionView({ state: 'failed', failure, lastSeenAt: now });

/** The kind of what it is refused with. */
function refused(view: ConnectionView, id: CommandId, row: Node = snapshot): string | undefined {
  try {
    refuseUnreachable({ connections: [view] }, id, { kind: 'rows', rows: [row], given: {} });
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error.kind;
  }
  return undefined;
}

describe('what is called on rows of which nothing is heard', () => {
  it('is refused with the reason', () => {
    assert.equal(refused(silent, 'virtRewind.revert'), 'lost');
    assert.equal(refused(ended, 'virtRewind.revert'), 'unreachable');
    assert.equal(refused(connectionView(), 'virtRewind.revert'), undefined);
  });

  it('is done where it asks nothing of the daemon, or brings it back', () => {
    assert.equal(refused(ended, 'virtRewind.copyName'), undefined);
    assert.equal(refused(ended, 'virtRewind.connect', connection), undefined);
    assert.equal(refused(ended, 'virtRewind.checkHealth', connection), undefined);
  });

  it('is tried where nothing was ever heard', () => {
    assert.equal(refused(connectionView({ state: 'failed', failure }), 'virtRewind.start'), undefined);
  });

  it('is refused to programs too while a daemon says nothing, and tried where none is', () => {
    assert.throws(() => refuseSilent({ connections: [silent] }, ref), { kind: 'lost' });
    refuseSilent({ connections: [ended] }, ref);
    refuseSilent({ connections: [connectionView()] }, ref);
  });
});
