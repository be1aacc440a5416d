// What is told while an operation runs, where libvirt knows how far it is and can cancel it.
import assert from 'node:assert/strict';
import { OperationNotice } from '../../src/ui/commands/operations/operationNotice.js';
import { CancelWish } from '../../src/engine/cancelWish.js';
import type { EnginePort } from '../../src/engine/enginePort.js';
import type { StoreChange, VmView } from '../../src/live/views.js';
import { Emitter } from '../../src/base/emitter.js';
import type { OperationRequest, Progress } from '../../src/domain/operation.js';
import { requestWords } from '../../src/text/operations/operationProgress.js';
import { CommandRig, type Guest, call, operate } from './commandRig.js';
import { Person } from './person.js';

const name = 'progress-external';

describe('progress', () => {
  let rig: CommandRig;
  let guest: Guest;
  let person: Person;

  before(async () => {
    rig = new CommandRig();
    guest = await rig.guest({ name });
    await guest.start();
    await call('virtRewind.connect', { connection: rig.uri });
  });

  beforeEach(() => {
    person = new Person();
  });

  afterEach(() => person.leave());

  after(() => rig.stop());

  it('of an external memory snapshot is libvirt’s own, and can be cancelled', async () => {
    const { engine } = await rig.api();
    const { ref } = await rig.vmRow(name);
    const seen: Progress[] = [];
    const listening = engine.onDidChange(() => {
      const progress = engine.findVm(ref)?.operation?.progress;
      if (progress !== undefined) {
        seen.push(progress);
      }
    });
    const done = await operate('virtRewind.createSnapshot', {
      vm: name,
      kind: 'memory',
      style: 'external',
      title: 'kept outside',
    });
    listening.dispose();
    assert.ok(
      seen.some(({ step, cancellable }) => step === 'createSnapshot' && cancellable),
      'Cancel was never offered',
    );
    for (const { fraction } of seen) {
      assert.ok(fraction === undefined || (fraction >= 0 && fraction <= 1), String(fraction));
    }
    assert.equal(done.state, 'running');
    assert.equal(done.snapshot, 'kept-outside');
    assert.match(await rig.virsh('snapshot-dumpxml', name, 'kept-outside'), /<memory snapshot='external' file='/);
    assert.equal(await guest.state(), 'running');
  });

  it('is told in percent, with a Cancel that is heard', async () => {
    const { engine } = await rig.api();
    const view = engine.findVm((await rig.vmRow(name)).ref);
    assert.ok(view);
    const request: OperationRequest = {
      kind: 'create',
      vm: view.ref,
      snapshotKind: 'memory',
      title: '[x](command:workbench.action.quit)',
    };
    const changed = new Emitter<StoreChange>();
    let shown: VmView = view;
    const pretended: EnginePort = Object.create(engine, {
      onDidChange: { value: changed.event },
      findVm: { value: () => shown },
    }) as EnginePort;
    const show = (progress: Progress): void => {
      shown = { ...view, operation: { request, startedAt: Date.now(), progress } };
      changed.fire({ connection: view.ref.connection, vm: view.ref });
    };
    const controller = new AbortController();
    const wish = new CancelWish(pretended, request, controller);
    const running = {
      request,
      cancel: () => {
        wish.wish();
        return controller.signal.aborted;
      },
    };
    const notice = new OperationNotice(pretended, running, requestWords(pretended, request));
    try {
      const heard = person.hears('42 %');
      show({ step: 'createSnapshot', cancellable: true, fraction: 0.42 });
      const told = await heard;
      assert.equal(told.cancellable, true);
      assert.match(told.title, /progress-external/);
      assert.doesNotMatch(told.title, /\]\(/, 'a title became a link');
      const told42 = told.messages.length;
      show({ step: 'check', cancellable: false });
      assert.ok(
        told.messages.length > told42,
        'a notice with Cancel gave way to one without it, before anything began',
      );
      show({ step: 'createSnapshot', cancellable: true, fraction: 1 });
      assert.match(told.messages.at(-1) ?? '', /^99 %/, 'the end was told before it was seen');
      told.cancel();
      assert.ok(controller.signal.aborted);
    } finally {
      notice.dispose();
      wish.dispose();
    }
  });
});
