import assert from 'node:assert/strict';
import { afterChoices, preferredAfter } from '../../../src/operations/revert/afterChoices.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';

const taken = (state: Snapshot['state'], kind: Snapshot['kind']): Snapshot => ({
  name: 'a',
  title: 'a',
  description: '',
  trailers: {},
  createdAt: 0,
  state,
  memory: { location: kind === 'memory' ? 'internal' : 'no' },
  disks: [],
  kind,
  style: 'internal',
});
const ran = taken('running', 'memory');
const stood = taken('paused', 'memory');
const disk = taken('disk-snapshot', 'disk');
const offline = taken('off', 'offline');

describe('afterChoices', () => {
  it('offers the default of the table first, then the other two', () => {
    assert.deepEqual(afterChoices('asSnapshot', ran, 'running'), ['asSnapshot', 'paused', 'off']);
    assert.deepEqual(afterChoices('asSnapshot', stood, 'running'), ['asSnapshot', 'running', 'off']);
    assert.deepEqual(afterChoices('asSnapshot', offline, 'running'), ['asSnapshot', 'running', 'paused']);
    assert.deepEqual(afterChoices('asSnapshot', disk, 'running'), ['asSnapshot', 'running', 'paused']);
  });

  it('prefers that a VM which runs starts again from disks without RAM, as long as the setting follows the snapshot', () => {
    assert.equal(preferredAfter('asSnapshot', disk, 'running'), 'running');
    assert.equal(preferredAfter('asSnapshot', disk, 'off'), 'asSnapshot');
    assert.equal(preferredAfter('asSnapshot', offline, 'running'), 'asSnapshot');
    assert.equal(preferredAfter('off', disk, 'running'), 'off');
  });

  it('offers the preferred one first and each state once', () => {
    assert.deepEqual(afterChoices('off', ran, 'running'), ['off', 'asSnapshot', 'paused']);
    assert.deepEqual(afterChoices('asBefore', offline, 'running'), ['asBefore', 'paused', 'asSnapshot']);
    assert.deepEqual(afterChoices('running', ran, 'off'), ['running', 'paused', 'off']);
    assert.deepEqual(afterChoices('running', disk, 'running'), ['running', 'paused', 'asSnapshot']);
  });
});
