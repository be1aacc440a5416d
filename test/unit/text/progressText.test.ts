import assert from 'node:assert/strict';
import { doneText } from '../../../src/text/operations/operationText.js';
import { percent, progressText } from '../../../src/text/operations/progressText.js';
import type { OperationRequest } from '../../../src/domain/operation.js';

describe('progressText', () => {
  const text = (progress: { fraction?: number; estimateMs?: number; cancellable?: boolean }, elapsedMs = 12_000) =>
    progressText({ step: 'revert', cancellable: true, ...progress }, elapsedMs);

  it('tells the fraction where libvirt tells one', () => {
    assert.match(text({ fraction: 0.425, estimateMs: 60_000 }), /^42 %/);
  });

  it('never says 100 % before the end has been seen', () => {
    assert.equal(percent(1), 99);
    assert.equal(percent(3), 99);
    assert.equal(percent(-1), 0);
  });

  it('tells the time against the estimate, also when that was too short', () => {
    assert.match(text({ estimateMs: 30_000 }), /12 s .*30 s/);
    assert.match(text({ estimateMs: 30_000 }, 40_000), /40 s.*30 s/);
    assert.notEqual(text({ estimateMs: 30_000 }, 40_000).replace('40', '12'), text({ estimateMs: 30_000 }));
  });

  it('does not promise a cancel that libvirt does not have', () => {
    assert.notEqual(text({ cancellable: false }), text({ cancellable: true }));
    assert.ok(text({ cancellable: false }).startsWith(text({ cancellable: true })));
  });
});

describe('doneText', () => {
  const vm = { connection: 'test:///default', uuid: 'one' };
  const create: OperationRequest = { kind: 'create', vm, snapshotKind: 'memory', title: 'before' };
  const done = (request: OperationRequest, result: Partial<Parameters<typeof doneText>[1]> = {}): string =>
    doneText(request, { state: 'running', durationMs: 3_200, ...result }, 'web-test', 'before');

  it('names the VM and the snapshot', () => {
    const requests: OperationRequest[] = [
      create,
      { kind: 'revert', vm, snapshot: 'before', after: 'off' },
      { kind: 'delete', vm, snapshot: 'before', scope: 'one' },
      { kind: 'delete', vm, snapshot: 'before', scope: 'withDescendants' },
      { kind: 'describe', vm, snapshot: 'before', title: 'before', description: '' },
    ];
    for (const request of requests) {
      assert.match(done(request), /web-test/);
      assert.match(done(request), /before/);
    }
    assert.equal(new Set(requests.map((request) => done(request))).size, requests.length);
  });

  it('tells how long the guest stood still before what the status bar may cut', () => {
    assert.match(done(create, { guestPausedMs: 1_430 }), /before.*1\.4 s/);
  });

  it('says of a repair what the VM is now where it was something else before', () => {
    const repair: OperationRequest = { kind: 'repair', vm, repair: { problem: 'mixedStyles' } } as never;
    const result = { state: 'off', durationMs: 3_200 } as const;
    assert.match(doneText(repair, result, 'web', '', 'running'), /now off/u);
    assert.doesNotMatch(doneText(repair, result, 'web', '', 'off'), /now/u);
  });

  it('says so when a running guest was not seen to stop, and nothing of a guest that was off', () => {
    assert.match(done(create), /No pause/);
    assert.doesNotMatch(done(create, { state: 'off' }), /stop|still/);
  });

  it('tells that the clock is that of the snapshot, where nobody has set it', () => {
    const revert: OperationRequest = { kind: 'revert', vm, snapshot: 'before', after: 'running' };
    assert.match(done(revert, { clockBehindMs: 3 * 24 * 60 * 60_000 + 1 }), /clock is about 3 days slow/);
    assert.match(done(revert, { clockBehindMs: 12_000 }), /clock is about 12 s slow/);
    assert.doesNotMatch(done(revert), /clock/);
  });

  it('tells the state that was seen, not the one that was asked for', () => {
    assert.match(done({ kind: 'power', vm, action: 'start' }, { state: 'paused' }), /paused/);
  });
});
