// Daemons that die, VMs and snapshots that vanish, two operations at once: each ends with the truth.
import assert from 'node:assert/strict';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { Failure } from '../../src/domain/failure.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { Plan } from '../../src/operations/plan.js';
import type { Step } from '../../src/steps/step.js';
import type { VmRef } from '../../src/domain/vm.js';
import { restartWhenStuck, type StuckWatch } from './faults/stuckDaemon.js';
import { type Guest, type LiveRig, startLiveRig, withMethod } from './engineRig.js';

const virshStates: Readonly<Record<string, string>> = { running: 'running', paused: 'paused', 'shut off': 'off' };

describe('the inventory when things go wrong', () => {
  let r: LiveRig;
  let guest: Guest;
  let web: VmRef;
  let watch: StuckWatch;
  /** What another client does when the first step of an operation is about to be sent; on the first connection only. */
  let beforeRun: (() => Promise<unknown>) | undefined;

  before(async () => {
    r = await startLiveRig();
    watch = restartWhenStuck(r.daemon);
    r.wrapNext((real) =>
      withMethod(real, 'run', async (...step) => {
        await beforeRun?.();
        return real.run(...step);
      }),
    );
    guest = await r.guest({ name: 'web' });
    r.show();
    web = await r.ref('web');
    r.show(web);
    await r.until(() => r.vm('web')?.tree !== undefined);
  });

  after(async () => {
    await watch.end();
    await r.stop();
  });

  const state = async (): Promise<string> => virshStates[await guest.state()] ?? 'another';
  const connection = (): string => r.engine.connections[0]!.state;
  const create = (title: string) => ({ kind: 'create', vm: web, snapshotKind: 'auto', title }) as const;
  const failed = async (promise: Promise<unknown>): Promise<Failure> => {
    try {
      await promise;
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return error;
    }
    return assert.fail('it did not fail');
  };

  /** In the middle of a step: it has begun, and the daemon says that it does something to the VM. */
  async function inTheMiddleOf(step: Step['kind']): Promise<void> {
    await r.until(() => r.vm('web')?.operation?.progress.step === step);
    await new Promise<void>((resolve) => {
      const listening = r.hypervisor().onDidChangeVm(() => {
        listening.dispose();
        resolve();
      });
    });
  }

  /** Kills the daemon there, and starts it again when that was noticed. */
  async function dieInTheMiddleOf(step: Step['kind']): Promise<void> {
    await inTheMiddleOf(step);
    await r.daemon.killDaemon();
    await r.until(() => connection() !== 'connected');
    await r.daemon.startDaemon();
  }

  it('tells the true state after another client switched the VM off under a command', async () => {
    await r.virsh('start', 'web');
    await r.until(() => r.vm('web')!.vm.power === 'running');
    beforeRun = () => r.virsh('destroy', 'web');
    const failure = await failed(r.engine.runOperation({ kind: 'power', vm: web, action: 'pause' }));
    beforeRun = undefined;
    assert.equal(failure.details.stateNow, 'off');
    assert.equal(r.vm('web')!.vm.power, 'off');
    assert.equal(r.vm('web')!.operation, undefined);
  });

  it('comes back when the daemon dies while the VMs are listed', async () => {
    let died = false;
    r.wrapNext((real): Hypervisor => {
      const listVms = async (): ReturnType<Hypervisor['listVms']> => {
        died = true;
        await r.daemon.killDaemon();
        return real.listVms();
      };
      return withMethod(real, 'listVms', listVms);
    });
    await r.daemon.killDaemon();
    await r.until(() => connection() === 'failed');
    assert.equal(r.engine.connections[0]!.failure!.kind, 'lost');
    assert.notEqual(r.vm('web'), undefined);
    await r.daemon.startDaemon();
    await r.until(() => died && connection() === 'failed');
    await r.daemon.startDaemon();
    await r.until(() => connection() === 'connected');
    await r.guest({ name: 'new', agent: false });
    await r.until(() => r.vm('new') !== undefined);
  });

  it('tells the true state after the daemon died in the middle of a create', async () => {
    // Booted, it has enough memory in use that saving it takes far longer than to kill a daemon.
    await guest.start();
    await r.until(() => r.vm('web')!.vm.power === 'running');
    const [failure] = await Promise.all([
      failed(r.engine.runOperation({ ...create('half'), snapshotKind: 'memory' })),
      dieInTheMiddleOf('createSnapshot'),
    ]);
    assert.equal(failure.kind, 'lost');
    const now = await state();
    // A moment after its restart libvirt gives up a guest that does not answer it.
    assert.ok(failure.details.stateNow === now || now === 'off', failure.details.stateNow);
    // The connection that is back looks, too, whether something is left to be ended: the row tells of that until it has
    // looked.
    await r.until(() => r.vm('web')!.vm.power === now && r.vm('web')!.operation === undefined);
    // It is left as "paused (saving)" by a daemon that dies so, and is brought back to running.
    assert.notEqual(now, 'paused');
    const names = await r.virsh('snapshot-list', 'web', '--name');
    assert.equal(
      r
        .vm('web')!
        .tree!.snapshots.map(({ name }) => name)
        .join('\n'),
      names,
    );
    // At some moments libvirt gives a guest up that it finds again, and then there is nothing to switch off.
    await r.daemon.virsh(['destroy', 'web']);
    await r.until(() => r.vm('web')!.vm.power === 'off');
  });

  it('tells the true state after the daemon died in the middle of a revert', async () => {
    await r.engine.runOperation(create('safe'));
    await r.virsh('start', 'web');
    await r.until(() => r.vm('web')!.vm.power === 'running');
    const [failure] = await Promise.all([
      failed(r.engine.runOperation({ kind: 'revert', vm: web, snapshot: 'safe', after: 'running' })),
      dieInTheMiddleOf('revert'),
    ]);
    assert.equal(failure.kind, 'lost');
    assert.equal(failure.details.stateNow, await state());
    await r.daemon.virsh(['destroy', 'web']);
    await r.until(() => r.vm('web')!.vm.power === 'off');
  });

  it('finds that a snapshot was deleted between the menu and the click', async () => {
    await r.engine.runOperation(create('doomed'));
    r.hide();
    const request: OperationRequest = { kind: 'delete', vm: web, snapshot: 'doomed', scope: 'one' };
    const plan = (await r.engine.plan(request)) as Plan;
    assert.equal(plan.kind, 'plan');
    await r.virsh('snapshot-delete', 'web', 'doomed');
    const failure = await failed(r.engine.runOperation(request, { confirmed: plan }));
    assert.equal(failure.kind, 'notFound');
    assert.equal(failure.details.snapshot, 'doomed');
    assert.ok(!r.vm('web')!.tree!.snapshots.some(({ name }) => name === 'doomed'));
    r.show(web);
  });

  it('runs two operations on one VM one after the other', async () => {
    const waited: string[] = [];
    const results = await Promise.all([
      r.engine.runOperation(create('first'), { onWait: () => waited.push('first') }),
      r.engine.runOperation(create('second'), { onWait: () => waited.push('second') }),
      r.engine.runOperation(
        { kind: 'delete', vm: web, snapshot: 'first', scope: 'one' },
        { onWait: () => waited.push('delete') },
      ),
    ]);
    assert.deepEqual(
      results.map(({ snapshot }) => snapshot),
      ['first', 'second', 'first'],
    );
    assert.deepEqual(waited.slice(0, 2), ['second', 'delete']);
    const names = await r.virsh('snapshot-list', 'web', '--name');
    assert.ok(!names.split('\n').includes('first'));
    assert.ok(names.split('\n').includes('second'));
  });

  it('finds that a VM vanished under a command', async () => {
    const app = await r.guest({ name: 'app', agent: false });
    const ref = await r.ref('app');
    r.hide();
    await app.remove();
    const failure = await failed(r.engine.runOperation({ kind: 'power', vm: ref, action: 'start' }));
    assert.equal(failure.kind, 'notFound');
    assert.equal(r.vm('app'), undefined);
  });
});
