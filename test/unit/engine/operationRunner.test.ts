import assert from 'node:assert/strict';
import { CancelWish } from '../../../src/engine/cancelWish.js';
import type { Failure } from '../../../src/domain/failure.js';
import { Failure as Failed } from '../../../src/domain/failure.js';
import type { OperationRequest, VmTurn } from '../../../src/domain/operation.js';
import type { Plan } from '../../../src/operations/plan.js';
import { settled } from './fakeClock.js';
import { fakeSnapshot, fakeVm, uuidOf } from './fakeHypervisor.js';
import { type Rig, rig, uri } from './rig.js';

const vm = { connection: uri, uuid: uuidOf('web') };
const create: OperationRequest = { kind: 'create', vm, snapshotKind: 'memory', title: 'before upgrade' };
const revert: OperationRequest = { kind: 'revert', vm, snapshot: 'a', after: 'asSnapshot' };
const remove: OperationRequest = { kind: 'delete', vm, snapshot: 'a', scope: 'one' };
const pause: OperationRequest = { kind: 'power', vm, action: 'pause' };

const of = (kind: Failure['kind']) => (failure: Failure) => failure.kind === kind;

/** A VM `web` with snapshots a and b, connected, its snapshots in attention. */
async function open(): Promise<Rig> {
  const r = await rig(fakeVm('web', ['a', 'b']));
  await r.look('web');
  r.calls();
  return r;
}

/** Steps of the hypervisor wait until the returned function is called. */
function stepsWait(r: Rig): () => void {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  r.hypervisor().onRun = async () => {
    await gate;
    return {};
  };
  return release;
}

async function confirmed(r: Rig, request: OperationRequest): Promise<Plan> {
  const decision = await r.engine.plan(request);
  assert.ok(decision.kind === 'plan');
  return decision;
}

/** Rejections that nobody handles meanwhile. */
async function unheardIn(act: () => Promise<unknown>): Promise<readonly unknown[]> {
  const unheard: unknown[] = [];
  const note = (reason: unknown): number => unheard.push(reason);
  process.on('unhandledRejection', note);
  try {
    await act();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('unhandledRejection', note);
  }
  return unheard;
}

describe('runOperation', () => {
  it('hears that nobody wants it any more while it looks, and lets go of the VM', async () => {
    const r = await open();
    const answer = r.hypervisor().hang('readBlockJobs web');
    const nobody = new AbortController();
    const running = assert.rejects(r.engine.runOperation(create, { signal: nobody.signal }), of('cancelled'));
    await settled();
    nobody.abort();
    await running;
    assert.equal(r.engine.findVm(vm)!.operation, undefined);
    answer();
    await r.engine.runOperation(pause);
  });

  it('may be cancelled by a person who sees it look', async () => {
    const r = await open();
    const answer = r.hypervisor().hang('readBlockJobs web');
    const controller = new AbortController();
    const wish = new CancelWish(r.engine, create, controller);
    const running = assert.rejects(r.engine.runOperation(create, { signal: controller.signal }), of('cancelled'));
    await settled();
    wish.wish();
    await running;
    answer();
    wish.dispose();
    assert.ok(r.calls().every((call) => !call.startsWith('run ')));
  });

  it('is told whole in the log, how it began and how it ended', async () => {
    const r = await open();
    await r.engine.runOperation(pause);
    assert.match(r.log.at(0) ?? '', /web: pause: begins/);
    assert.match(r.log.at(-1) ?? '', /web: pause: done after \d+ ms; the VM is \w+/);
    r.log.length = 0;
    r.hypervisor().onRun = () => Promise.reject(new Failed('failed', { libvirtMessage: 'no room' }));
    await assert.rejects(r.engine.runOperation(pause), of('failed'));
    assert.match(r.log.at(0) ?? '', /web: pause: begins/);
    assert.match(r.log.at(-1) ?? '', /web: pause: given up after \d+ ms: failed: no room; the VM is \w+/);
  });

  it('looks afresh, does the steps, reads back and says what came of it', async () => {
    const r = await open();
    r.hypervisor().onRun = async (_, step) => {
      await r.clock.advance(150);
      const web = r.vms.get(vm.uuid)!;
      if (step.kind === 'createSnapshot') {
        web.snapshots.push({ ...fakeSnapshot(step.name, 'b'), description: step.description });
        return { guestPausedMs: 143.4 };
      }
      return {};
    };
    const result = await r.engine.runOperation(create);
    assert.equal(result.snapshot, 'before-upgrade');
    assert.equal(result.state, 'running');
    assert.equal(result.guestPausedMs, 143.4);
    assert.equal(r.engine.findVm(vm)!.operation, undefined);
    assert.equal(r.engine.findVm(vm)!.tree!.snapshots.length, 3);
    const calls = r.calls();
    const first = calls.indexOf('run createSnapshot web');
    for (const look of ['readVm web', 'readTree web', 'readBlockJobs web']) {
      assert.ok(calls.includes(look) && calls.indexOf(look) < first, look);
    }
  });

  it('looks at everything once, at what does not rest on the VM beside it, and all of it anew for the next one', async () => {
    const r = await open();
    // Known from now on, for nobody looks at them here.
    await r.engine.readTree(vm);
    const beside = ['listVms', 'readFrozen(a) web'];
    for (let time = 0; time < 2; time++) {
      r.calls();
      const release = r.hypervisor().hang('readVm web');
      const revert = { kind: 'revert', vm, snapshot: 'a', after: 'asSnapshot' } as const;
      const running = assert.rejects(r.engine.runOperation(revert, { allows: () => false }), { kind: 'refused' });
      await settled();
      const before = r.calls();
      beside.forEach((call) => assert.ok(before.includes(call), call));
      release();
      await running;
      const all = [...before, ...r.calls()];
      for (const call of [...beside, 'readVm web', 'readTree web', 'readBlockJobs web']) {
        assert.equal(all.filter((one) => one === call).length, 1, call);
      }
    }
  });

  it('looks no more before it sets the clock of a guest that is where it was to be', async () => {
    const r = await open();
    const web = r.vms.get(vm.uuid)!;
    web.vm = { ...web.vm, power: 'off', agentChannel: true };
    r.hypervisor().onRun = (_, step) => {
      web.vm = { ...web.vm, power: 'running' };
      web.current = step.kind === 'revert' ? step.snapshot : 'b';
      return Promise.resolve({});
    };
    await r.engine.runOperation({ ...revert, after: 'running' });
    const calls = r.calls();
    const [reverted, set] = [calls.indexOf('run revert web'), calls.indexOf('run setGuestClock web')];
    assert.deepEqual(calls.slice(reverted, set), ['run revert web']);
    assert.deepEqual(calls.slice(set + 1).toSorted(), ['readTree web', 'readVm web']);
  });

  it('does not fail with what it began to read and needs no more', async () => {
    const r = await open();
    const web = r.vms.get(vm.uuid)!;
    await r.engine.readTree(vm);
    // Gone meanwhile, and with it whatever a look at it would tell.
    web.snapshots = web.snapshots.filter(({ name }) => name !== 'a');
    r.hypervisor().break('readFrozen(a) web', new Failed('failed'));
    const remove = { kind: 'delete', vm, snapshot: 'a', scope: 'one' } as const;
    const unheard = await unheardIn(() => assert.rejects(r.engine.runOperation(remove), { kind: 'notFound' }));
    assert.deepEqual(unheard, []);
  });

  it('fails with the VM where that and its snapshots cannot be read', async () => {
    const r = await open();
    r.hypervisor().break('readVm web', new Failed('denied'));
    r.hypervisor().break('readTree web', new Failed('failed'));
    const unheard = await unheardIn(() => assert.rejects(r.engine.runOperation(create), { kind: 'denied' }));
    assert.deepEqual(unheard, []);
  });

  it('keeps the pause with the snapshot when it is known, and does not fail when that does', async () => {
    const r = await open();
    const written: string[] = [];
    r.hypervisor().onRun = (_, step) => {
      if (step.kind === 'describeSnapshot') {
        written.push(step.description);
        return Promise.reject(new Failed('failed'));
      }
      return Promise.resolve({ guestPausedMs: 143.4 });
    };
    const result = await r.engine.runOperation(create);
    assert.equal(result.snapshot, 'before-upgrade');
    assert.equal(written.length, 1);
    assert.ok(written[0]!.split('\n').includes('Guest-Paused: 143 ms'));
    assert.ok(r.log.some((line) => line.includes('could not be kept')));
  });

  it('keeps with the pause how RAM in a file came there, as it was in the end', async () => {
    const r = await open();
    const inFile = { ...create, snapshotKind: 'memory', style: 'external' } as const;
    const rows = [
      [{ seamless: true }, inFile, 'seamless'],
      [{}, { ...inFile, live: true }, 'live'],
      [{}, { ...inFile, seamless: true }, 'stopped'],
      [{}, { ...create, snapshotKind: 'memory', style: 'internal' }, undefined],
    ] as const;
    for (const [outcome, request, expected] of rows) {
      r.vms.get(vm.uuid)!.snapshots.length = 0;
      await r.look('web');
      const written: string[] = [];
      r.hypervisor().onRun = (_, step) => {
        if (step.kind === 'describeSnapshot') {
          written.push(step.description);
        }
        return Promise.resolve(step.kind === 'createSnapshot' ? { guestPausedMs: 143.4, ...outcome } : {});
      };
      await r.engine.runOperation(request);
      const lines = written[0]!.split('\n').filter((line) => line.startsWith('Ram-Written'));
      assert.deepEqual(lines, expected === undefined ? [] : [`Ram-Written: ${expected}`]);
    }
  });

  for (const [what, request, after, expected] of [
    ['its QEMU ended', create, { power: 'off', powerReason: 'crashed' }, ['off', 'running', true]],
    ['somebody cut its power', create, { power: 'off', powerReason: 'destroyed' }, ['off', 'running', undefined]],
    ['it goes on', create, {}, ['running', undefined, undefined]],
  ] as const) {
    it(`tells what became of the VM where a step failed and ${what}`, async () => {
      const r = await open();
      const web = r.vms.get(vm.uuid)!;
      r.hypervisor().onRun = () => {
        web.vm = { ...web.vm, ...after };
        return Promise.reject(new Failed('failed'));
      };
      await assert.rejects(r.engine.runOperation(request), ({ details }: Failure) => {
        assert.deepEqual([details.stateNow, details.stateBefore, details.qemuEnded], expected);
        return true;
      });
    });
  }

  it('tells what the snapshot became, when the VM was switched off just before', async () => {
    const r = await open();
    const web = r.vms.get(vm.uuid)!;
    const written: string[] = [];
    r.hypervisor().onRun = (_, step) => {
      if (step.kind === 'createSnapshot') {
        web.vm = { ...web.vm, power: 'off' };
        const made = { ...fakeSnapshot(step.name, 'b'), kind: 'offline', memory: { location: 'no' } } as const;
        web.snapshots.push({ ...made, description: step.description });
      } else if (step.kind === 'describeSnapshot') {
        written.push(step.description);
      }
      return Promise.resolve({});
    };
    await r.engine.runOperation({ ...create, description: 'words' });
    assert.equal(written.length, 1);
    const lines = written[0]!.split('\n');
    assert.ok(lines.includes('Consistency: offline') && lines.includes('words'), written[0]);
    assert.ok(r.log.some((line) => line.includes('became offline')));
  });

  it('leaves the words of a snapshot alone that became what it was to be', async () => {
    const r = await open();
    r.hypervisor().onRun = (_, step) => {
      assert.ok(step.kind === 'createSnapshot');
      r.vms.get(vm.uuid)!.snapshots.push(fakeSnapshot(step.name, 'b'));
      return Promise.resolve({});
    };
    await r.engine.runOperation(create);
    assert.ok(!r.log.some((line) => line.includes('became')));
  });

  it('keeps what the display showed with a snapshot of its RAM, and waits for that no longer than a second', async () => {
    const plain = fakeVm('web', ['a', 'b']);
    const r = await rig({ ...plain, vm: { ...plain.vm, display: true, power: 'running' } });
    await r.look('web');
    const looks: (() => Promise<Uint8Array | undefined>)[] = [
      () => Promise.resolve(Uint8Array.of(7)),
      () => Promise.reject(new Failed('unsupported')),
      () => new Promise(() => undefined),
    ];
    r.hypervisor().guests.thumbnailOf = () => looks.shift()!();
    r.hypervisor().onRun = (_, step) => {
      assert.ok(step.kind === 'createSnapshot');
      r.vms.get(vm.uuid)!.snapshots.push({ ...fakeSnapshot(step.name), kind: 'memory' });
      return Promise.resolve({});
    };
    const made = await r.engine.runOperation(create);
    const { createdAt } = (await r.engine.readTree(vm)).snapshots.find(({ name }) => name === made.snapshot)!;
    assert.deepEqual(await r.engine.guests.shownAt(vm, createdAt), Uint8Array.of(7));
    r.persistence.pictured.clear();
    await r.engine.runOperation({ ...create, title: 'refused' });
    const hanging = r.engine.runOperation({ ...create, title: 'late' });
    await settled();
    await r.clock.advance(1_000);
    await hanging;
    assert.equal(r.persistence.pictured.size, 0);
    assert.equal(looks.length, 0);
  });

  it('logs each step as what virsh would be told, with its duration and pause', async () => {
    const r = await open();
    r.hypervisor().onRun = async (_, step) => {
      await r.clock.advance(150);
      return step.kind === 'createSnapshot' ? { guestPausedMs: 143 } : {};
    };
    await r.engine.runOperation(create);
    const line = r.log.find((entry) => entry.includes('snapshot-create'));
    assert.match(line ?? '', /virsh .*150 ms.*143 ms/s);
    r.hypervisor().onRun = () => Promise.resolve({});
    r.log.length = 0;
    await r.engine.runOperation({ ...create, title: 'another' });
    assert.match(r.log.find((entry) => entry.includes('snapshot-create')) ?? '', /too short to see/);
    r.log.length = 0;
    await r.engine.runOperation(remove);
    assert.doesNotMatch(r.log.join('\n'), /too short to see/);
  });

  describe('before anything is touched', () => {
    const touched = (r: Rig): readonly string[] => r.calls().filter((call) => call.startsWith('run '));

    it('refuses what the fresh look forbids, although what was known allowed it', async () => {
      const r = await open();
      assert.equal((await r.engine.plan(revert)).kind, 'plan');
      const web = r.vms.get(vm.uuid)!;
      web.vm = { ...web.vm, managedSave: true, power: 'off' };
      await assert.rejects(r.engine.runOperation(create), (failure: Failure) => {
        assert.equal(failure.kind, 'refused');
        assert.equal(failure.details.refusal!.reason, 'managedSaveExists');
        assert.equal(failure.details.vm, 'web');
        return true;
      });
      assert.deepEqual(touched(r), []);
      assert.equal(r.engine.findVm(vm)!.operation, undefined);
    });

    it('says so when the snapshot is no longer there', async () => {
      const r = await open();
      const plan = await confirmed(r, remove);
      r.vms.get(vm.uuid)!.snapshots.shift();
      await assert.rejects(r.engine.runOperation(remove, { confirmed: plan }), of('notFound'));
      assert.deepEqual(touched(r), []);
    });

    it('says so when the VM is no longer there', async () => {
      const r = await open();
      r.vms.clear();
      await assert.rejects(r.engine.runOperation(pause), of('notFound'));
      assert.deepEqual(r.engine.connections[0]!.vms, []);
    });

    it('does not say that the snapshot is gone when it is the VM', async () => {
      const r = await open();
      r.vms.clear();
      await assert.rejects(r.engine.runOperation(revert), (failure: Failure) => {
        const { vm: name, snapshot } = failure.details;
        assert.deepEqual([failure.kind, name, snapshot], ['notFound', 'web', undefined]);
        return true;
      });
    });

    it('does not do or lose more than was confirmed', async () => {
      const r = await open();
      const plan = await confirmed(r, { ...remove, scope: 'withDescendants' });
      r.vms.get(vm.uuid)!.snapshots.push(fakeSnapshot('c', 'b'));
      await assert.rejects(
        r.engine.runOperation({ ...remove, scope: 'withDescendants' }, { confirmed: plan }),
        (failure: Failure) => failure.details.refusal?.reason === 'stalePlan',
      );
      assert.deepEqual(touched(r), []);
    });

    it('does what was confirmed when nothing of it changed but the name that is made for it', async () => {
      const r = await open();
      const nameless: OperationRequest = { ...create, title: '…' };
      const plan = await confirmed(r, nameless);
      r.hide();
      await r.clock.advance(86_400_000);
      const { snapshot } = await r.engine.runOperation(nameless, { confirmed: plan });
      assert.notEqual(snapshot, plan.snapshot);
      assert.deepEqual(touched(r), ['run createSnapshot web']);
    });

    it('does not mind that another snapshot vanished between two looks', async () => {
      const r = await open();
      r.vms.get(vm.uuid)!.snapshots = [fakeSnapshot('a'), fakeSnapshot('b', 'a')].map((snapshot) => ({
        ...snapshot,
        style: 'external',
        kind: 'disk',
        memory: { location: 'no' },
      }));
      r.hypervisor().break('readFrozen(b) web', new Failed('notFound'));
      const decided = await r.engine.plan({ ...remove, snapshot: 'b' });
      assert.ok(r.calls().includes('readFrozen(b) web'));
      assert.notEqual(decided, undefined);
    });

    it('is refused where what it rests on vanished between two looks', async () => {
      const r = await open();
      r.vms.get(vm.uuid)!.snapshots = [fakeSnapshot('a'), fakeSnapshot('b', 'a')].map((snapshot) => ({
        ...snapshot,
        style: 'external',
        kind: 'disk',
        memory: { location: 'no' },
      }));
      r.hypervisor().break('readFrozen(a) web', new Failed('notFound'));
      await assert.rejects(r.engine.runOperation({ ...remove, snapshot: 'b' }), of('refused'));
      assert.deepEqual(touched(r), []);
    });

    it('is planned on a fresh look when nobody looks at the VM', async () => {
      const r = await open();
      r.hide();
      r.vms.get(vm.uuid)!.snapshots.shift();
      const decision = await r.engine.plan(remove);
      assert.ok(decision.kind === 'refusal');
      assert.equal(decision.refusal.reason, 'snapshotMissing');
    });

    it('is not begun when it is cancelled', async () => {
      const r = await open();
      const abort = new AbortController();
      const release = r.hypervisor().hang('readTree web');
      const running = r.engine.runOperation(revert, { signal: abort.signal });
      const rejected = assert.rejects(running, of('cancelled'));
      await settled();
      abort.abort();
      release();
      await rejected;
      assert.deepEqual(touched(r), []);
    });

    it('needs a connection that is known', async () => {
      const r = await open();
      const elsewhere = { ...pause, vm: { connection: 'qemu:///none', uuid: vm.uuid } };
      await assert.rejects(r.engine.runOperation(elsewhere), of('notFound'));
    });
  });

  it('runs one operation on a VM at a time, and says which one is waited for', async () => {
    const r = await open();
    const release = stepsWait(r);
    const first = r.engine.runOperation(pause);
    const waitedFor: VmTurn[] = [];
    const second = r.engine.runOperation(create, { onWait: (forWhat) => waitedFor.push(forWhat) });
    await settled();
    assert.deepEqual(waitedFor, [pause]);
    assert.deepEqual(
      r.calls().filter((call) => call.startsWith('run ')),
      ['run power web'],
    );
    release();
    await Promise.all([first, second]);
    assert.deepEqual(
      r.calls().filter((call) => call.startsWith('run ')),
      ['run createSnapshot web'],
    );
  });

  it('asks nothing of a VM while a step runs on it; then it looks at the step, and reads the events of that time once', async () => {
    const r = await open();
    const release = stepsWait(r);
    const running = r.engine.runOperation(create);
    await settled();
    r.calls();
    for (let i = 0; i < 5; i += 1) {
      r.hypervisor().events.fire({ uuid: vm.uuid, name: 'web', kind: 'power' });
      await r.clock.advance(5000);
    }
    assert.equal((await r.engine.plan(create)).kind, 'plan');
    assert.deepEqual(
      r.calls().filter((call) => call.includes('web')),
      [],
    );
    release();
    await running;
    await r.clock.advance(500);
    assert.equal(r.calls().filter((call) => call === 'readVm web').length, 2);
  });

  it('shows how far it is, at most four times a second', async () => {
    const r = await open();
    const seen: (number | undefined)[] = [];
    r.engine.onDidChange(() => seen.push(r.engine.findVm(vm)?.operation?.progress.fraction));
    r.hypervisor().onRun = async (_vm, _step, { onProgress }) => {
      for (let i = 1; i <= 100; i += 1) {
        onProgress({ fraction: i / 100, cancellable: true });
        await r.clock.advance(10);
      }
      return {};
    };
    await r.engine.runOperation(create);
    const fractions = seen.filter((fraction) => fraction !== undefined);
    assert.ok(fractions.length >= 4 && fractions.length <= 6, String(fractions.length));
    assert.equal(seen.at(-1), undefined);
  });

  it('says which step it is at', async () => {
    const r = await open();
    const steps = new Set<string | undefined>();
    r.engine.onDidChange(() => steps.add(r.engine.findVm(vm)?.operation?.progress.step));
    await r.engine.runOperation(create);
    assert.deepEqual([...steps], ['check', 'createSnapshot', 'readBack', undefined]);
  });

  it('tells whether it is an undo or a redo', async () => {
    const r = await open();
    const told = new Set<string | undefined>();
    r.engine.onDidChange(() => told.add(r.engine.findVm(vm)?.operation?.does));
    await r.engine.runOperation(create);
    assert.deepEqual([...told], [undefined]);
    await r.engine.runOperation(pause, { undoes: 'id' });
    await r.engine.runOperation(pause, { undoes: 'id', does: 'redo' });
    assert.deepEqual([...told], [undefined, 'undo', 'redo']);
  });

  it('tells who waits for its turn and is cancelled by us which VM it was', async () => {
    const r = await open();
    const release = stepsWait(r);
    const first = r.engine.runOperation(pause);
    const abort = new AbortController();
    const rejected = assert.rejects(r.engine.runOperation(create, { signal: abort.signal }), (failure: Failure) => {
      assert.equal(failure.kind, 'cancelled');
      assert.equal(failure.details.vm, 'web');
      assert.equal(failure.details.byUs, true);
      return true;
    });
    await settled();
    abort.abort();
    await rejected;
    release();
    await first;
  });

  it('tells a cancel of another client from one of ours', async () => {
    const r = await open();
    const abort = new AbortController();
    const byUs: (boolean | undefined)[] = [];
    const cancelled = (failure: Failure): boolean => byUs.push(failure.details.byUs) > 0;
    r.hypervisor().onRun = () => Promise.reject(new Failed('cancelled'));
    await assert.rejects(r.engine.runOperation(create, { signal: abort.signal }), cancelled);
    r.hypervisor().onRun = () => {
      abort.abort();
      return Promise.reject(new Failed('cancelled'));
    };
    await assert.rejects(r.engine.runOperation(create, { signal: abort.signal }), cancelled);
    assert.deepEqual(byUs, [undefined, true]);
  });

  it('hands a cancel on to the hypervisor', async () => {
    const r = await open();
    const abort = new AbortController();
    r.hypervisor().onRun = (_vm, _step, { signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Failed('cancelled'))));
    const rejected = assert.rejects(r.engine.runOperation(create, { signal: abort.signal }), of('cancelled'));
    await settled();
    abort.abort();
    await rejected;
  });

  describe('on a connection that is taken away meanwhile', () => {
    const off: OperationRequest = { ...revert, after: 'off' };

    it('does all its steps, is shown until then, and takes the connection with it', async () => {
      const r = await open();
      const steps: string[] = [];
      r.hypervisor().onRun = async (_, step) => {
        steps.push(step.kind);
        r.engine.setConnections([]);
        await settled();
        assert.equal(r.engine.findVm(vm)!.operation!.progress.step, step.kind);
        return {};
      };
      const { state } = await r.engine.runOperation(off);
      assert.deepEqual(steps, ['revert', 'power']);
      assert.equal(state, 'running');
      assert.deepEqual(r.engine.connections, []);
      assert.equal(r.hypervisor().closed, true);
    });

    it('can be cancelled as ever', async () => {
      const r = await open();
      const abort = new AbortController();
      r.hypervisor().onRun = (_vm, _step, { signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Failed('cancelled'))));
      const rejected = assert.rejects(r.engine.runOperation(pause, { signal: abort.signal }), of('cancelled'));
      await settled();
      r.engine.setConnections(['test:///default']);
      await settled();
      abort.abort();
      await rejected;
      assert.deepEqual(
        r.engine.connections.map((connection) => connection.uri),
        ['test:///default'],
      );
    });

    it('leaves it alone when it is wanted again', async () => {
      const r = await open();
      const release = stepsWait(r);
      const running = r.engine.runOperation(pause);
      await settled();
      r.engine.setConnections([]);
      r.engine.setConnections([uri]);
      release();
      await running;
      assert.equal(r.engine.connections[0]!.state, 'connected');
      assert.equal(r.opened.length, 1);
    });

    it('fails those that wait for their turn', async () => {
      const r = await open();
      const release = stepsWait(r);
      const running = r.engine.runOperation(pause);
      const waiting = assert.rejects(r.engine.runOperation(create), of('notFound'));
      await settled();
      r.engine.setConnections([]);
      release();
      await running;
      await waiting;
    });
  });

  describe('when a step fails', () => {
    it('reads the VM again and says what its state is now', async () => {
      const r = await open();
      r.hypervisor().onRun = () => {
        const web = r.vms.get(vm.uuid)!;
        web.vm = { ...web.vm, power: 'off' };
        return Promise.reject(new Failed('failed', { libvirtMessage: 'broken' }));
      };
      await assert.rejects(r.engine.runOperation(revert), (failure: Failure) => {
        assert.equal(failure.kind, 'failed');
        assert.equal(failure.details.stateNow, 'off');
        assert.equal(failure.details.libvirtMessage, 'broken');
        assert.equal(failure.details.snapshot, 'a');
        return true;
      });
      assert.equal(r.engine.findVm(vm)!.vm.power, 'off');
      assert.equal(r.engine.findVm(vm)!.operation, undefined);
      assert.ok(r.log.some((line) => line.includes('failed after')));
    });

    it('waits for a lost connection to come back, so that it can say so', async () => {
      const r = await open();
      r.hypervisor().onRun = () => {
        r.vms.get(vm.uuid)!.snapshots.push(fakeSnapshot('half', 'b'));
        r.attempts.push(() => Promise.reject(new Failed('unreachable')));
        r.hypervisor().die();
        return Promise.reject(new Failed('lost'));
      };
      const rejected = assert.rejects(r.engine.runOperation(create), (failure: Failure) => {
        assert.equal(failure.kind, 'lost');
        assert.equal(failure.details.stateNow, 'running');
        return true;
      });
      await r.clock.advance(1000);
      await rejected;
      assert.equal(r.opened.length, 2);
      assert.equal(r.engine.findVm(vm)!.tree!.snapshots.length, 3);
    });

    it('gives that up after a while, and lets the next operation have its turn', async () => {
      const r = await open();
      r.hypervisor().onRun = () => {
        r.attempts.push(...Array.from({ length: 99 }, () => () => Promise.reject(new Failed('unreachable'))));
        r.hypervisor().die();
        return Promise.reject(new Failed('lost'));
      };
      const lost = assert.rejects(r.engine.runOperation(create), (failure: Failure) => {
        assert.equal(failure.kind, 'lost');
        assert.equal(failure.details.stateNow, undefined);
        return true;
      });
      const next = assert.rejects(r.engine.runOperation(pause), of('unreachable'));
      await r.clock.advance(20_000);
      await lost;
      await next;
    });

    it('cancels those that wait when the inventory ends', async () => {
      const r = await open();
      stepsWait(r);
      void r.engine.runOperation(pause).catch(() => undefined);
      const { signal } = new AbortController();
      const waiting = assert.rejects(r.engine.runOperation(create, { signal }), of('cancelled'));
      await settled();
      r.engine.dispose();
      await waiting;
    });
  });

  it('does not call what was before the state of now, when that cannot be read', async () => {
    const r = await open();
    r.hypervisor().onRun = () => {
      r.hypervisor().break('readVm web', new Failed('failed'));
      return Promise.resolve({});
    };
    assert.equal((await r.engine.runOperation(pause)).state, 'unknown');
  });

  it('calls a transient VM that is gone off', async () => {
    const r = await open();
    r.hypervisor().onRun = () => {
      r.vms.clear();
      return Promise.resolve({});
    };
    const result = await r.engine.runOperation({ kind: 'power', vm, action: 'forceOff' });
    assert.equal(result.state, 'off');
    assert.equal(r.engine.findVm(vm), undefined);
  });
});
