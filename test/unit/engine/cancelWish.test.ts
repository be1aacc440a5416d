import assert from 'node:assert/strict';
import { CancelWish } from '../../../src/engine/cancelWish.js';
import type { StoreChange, RunningOperation } from '../../../src/live/views.js';
import { Emitter } from '../../../src/base/emitter.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { ref, vmView } from '../ui/samples.js';

const request: OperationRequest = { kind: 'create', vm: ref, snapshotKind: 'memory', title: 'x' };
const other: OperationRequest = { kind: 'power', vm: ref, action: 'pause' };

describe('wish to cancel', () => {
  let operation: RunningOperation | undefined;
  let changed: Emitter<StoreChange>;
  let controller: AbortController;
  let wish: CancelWish;

  beforeEach(() => {
    operation = undefined;
    changed = new Emitter<StoreChange>();
    controller = new AbortController();
    const findVm = () => vmView(operation === undefined ? {} : { operation });
    wish = new CancelWish({ findVm, onDidChange: changed.event }, request, controller);
  });

  afterEach(() => wish.dispose());

  const runs = (what: OperationRequest, cancellable: boolean): void => {
    operation = { request: what, startedAt: 0, progress: { step: 'createSnapshot', cancellable } };
    changed.fire({ vm: ref });
  };

  it('stops at once what waits behind another operation', () => {
    runs(other, false);
    wish.wish();
    assert.ok(controller.signal.aborted);
  });

  it('stops at once what libvirt can cancel', () => {
    runs(request, true);
    wish.wish();
    assert.ok(controller.signal.aborted);
  });

  it('is kept until libvirt can cancel it', () => {
    runs(request, false);
    wish.wish();
    assert.ok(!controller.signal.aborted);
    runs(request, true);
    assert.ok(controller.signal.aborted);
  });

  it('does nothing before it is wished, and after the end', () => {
    runs(request, true);
    assert.ok(!controller.signal.aborted);
    runs(request, false);
    wish.wish();
    wish.dispose();
    runs(request, true);
    assert.ok(!controller.signal.aborted);
  });
});
