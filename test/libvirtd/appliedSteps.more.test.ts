// The simulator against the libvirt that this runs on: a VM without an operating system goes through each operation, in
// both styles. The matrix does the same with guests, from every state.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { findProgram, runOk } from '../../scripts/rig/run.mjs';
import type { AfterRevert, OperationRequest, OperationResult, PowerAction } from '../../src/domain/operation.js';
import type { SnapshotKind } from '../../src/domain/snapshot.js';
import type { VmRef } from '../../src/domain/vm.js';
import { AppliedSteps } from './appliedSteps.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('the world after each step', () => {
  let r: LiveRig;
  let applied: AppliedSteps;
  let vm: VmRef;

  before(async () => {
    r = await startLiveRig();
    applied = new AppliedSteps(r);
    await r.engine.connect(r.uri);
  });
  after(() => r.stop());

  async function define(name: string): Promise<void> {
    const disks = [0, 1].map((index) => ({
      file: join(r.daemon.dir, `${name}-${String(index)}.qcow2`),
      format: 'qcow2',
    }));
    const qemuImg = (await findProgram('qemu-img'))!;
    for (const { file } of disks) {
      await runOk(qemuImg, ['create', '-q', '-f', 'qcow2', file, '1M']);
    }
    await defineDiskVm(r, name, disks);
    vm = await r.ref(name);
    r.show(vm);
  }

  const run = (request: OperationRequest): Promise<OperationResult> => r.engine.runOperation(request);
  const power = (action: PowerAction): Promise<OperationResult> => run({ kind: 'power', vm, action });
  const create = (
    title: string,
    snapshotKind: SnapshotKind,
    style: 'internal' | 'external',
  ): Promise<OperationResult> => run({ kind: 'create', vm, title, snapshotKind, style });
  const revert = (snapshot: string, after: AfterRevert, checkpointFirst = false): Promise<OperationResult> =>
    run({ kind: 'revert', vm, snapshot, after, checkpointFirst });
  const remove = (snapshot: string, scope: 'one' | 'withDescendants' = 'one'): Promise<OperationResult> =>
    run({ kind: 'delete', vm, snapshot, scope });
  const isAsTold = (): void => assert.equal(applied.takeDifferences(), '');

  it('is as told, inside of images', async () => {
    await define('inside');
    await create('offline', 'offline', 'internal');
    await power('start');
    await create('memory', 'memory', 'internal');
    isAsTold();
    await revert('offline', 'asSnapshot', true);
    await revert('memory', 'paused');
    await power('resume');
    await revert('offline', 'running');
    await power('pause');
    isAsTold();
    await remove('memory', 'withDescendants');
    await power('forceOff');
    await remove('offline');
    isAsTold();
  });

  it('is as told, in files', async () => {
    await define('outside');
    await create('offline', 'offline', 'external');
    await power('start');
    await create('disk', 'disk', 'external');
    await create('memory', 'memory', 'external');
    isAsTold();
    // Under a snapshot that was reverted to and has other children, one is deleted and one gets another name.
    const { checkpoint: first = '' } = await revert('disk', 'running', true);
    await remove(first);
    isAsTold();
    const { checkpoint: second = '' } = await revert('disk', 'running', true);
    await run({ kind: 'rename', vm, snapshot: second, title: 'Storage' });
    isAsTold();
    const { checkpoint = '' } = await revert('disk', 'running', true);
    isAsTold();
    await revert('memory', 'asSnapshot');
    await power('forceOff');
    await revert('offline', 'asSnapshot');
    await revert(checkpoint, 'paused');
    isAsTold();
    await run({ kind: 'rename', vm, snapshot: 'disk', title: 'The disks alone' });
    await power('resume');
    isAsTold();
    await remove(checkpoint);
    isAsTold();
  });

  it('is as told when snapshots of the branch that the VM runs on are merged', async () => {
    await define('merged');
    await power('start');
    for (const name of ['a', 'b', 'c', 'd']) {
      await create(name, 'disk', 'external');
    }
    await remove('b');
    await remove('d');
    await remove('a', 'withDescendants');
    await power('forceOff');
    await create('again', 'offline', 'external');
    await remove('again');
    isAsTold();
    const kinds = new Set(applied.kinds);
    assert.ok(kinds.size >= 6, [...kinds].join());
  });
});
