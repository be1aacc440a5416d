import assert from 'node:assert/strict';
import { afterChoices, stateAfter } from '../../../src/commands/afterChoices.js';

const ran = { kind: 'memory', state: 'running' } as const;
const stood = { kind: 'memory', state: 'paused' } as const;
const disk = { kind: 'disk', state: 'disk-snapshot' } as const;
const offline = { kind: 'offline', state: 'off' } as const;

describe('stateAfter', () => {
  it('follows the table of what a snapshot holds', () => {
    assert.equal(stateAfter('asSnapshot', ran, 'off'), 'running');
    assert.equal(stateAfter('asSnapshot', stood, 'running'), 'paused');
    assert.equal(stateAfter('asSnapshot', disk, 'running'), 'off');
    assert.equal(stateAfter('asSnapshot', offline, 'running'), 'off');
  });

  it('keeps the state of before, where that is one to be in', () => {
    assert.equal(stateAfter('asBefore', offline, 'running'), 'running');
    assert.equal(stateAfter('asBefore', offline, 'paused'), 'paused');
    assert.equal(stateAfter('asBefore', ran, 'off'), 'off');
    assert.equal(stateAfter('asBefore', ran, 'crashed'), 'off');
  });

  it('does what is asked for', () => {
    for (const after of ['running', 'paused', 'off'] as const) {
      assert.equal(stateAfter(after, disk, 'running'), after);
    }
  });
});

describe('afterChoices', () => {
  it('offers the default of the table first, then the other two', () => {
    assert.deepEqual(afterChoices('asSnapshot', ran, 'running'), ['asSnapshot', 'paused', 'off']);
    assert.deepEqual(afterChoices('asSnapshot', stood, 'running'), ['asSnapshot', 'running', 'off']);
    assert.deepEqual(afterChoices('asSnapshot', offline, 'running'), ['asSnapshot', 'running', 'paused']);
  });

  it('offers the preferred one first and each state once', () => {
    assert.deepEqual(afterChoices('off', ran, 'running'), ['off', 'asSnapshot', 'paused']);
    assert.deepEqual(afterChoices('asBefore', offline, 'running'), ['asBefore', 'asSnapshot', 'paused']);
    assert.deepEqual(afterChoices('running', ran, 'off'), ['running', 'paused', 'off']);
  });
});
