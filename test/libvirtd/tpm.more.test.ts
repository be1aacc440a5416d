// TPMs: their state is in the RAM of snapshots, and copied beside others. What a revert replaces comes back.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotStyle } from '../../src/domain/snapshot.js';
import type { Plan } from '../../src/operations/plan.js';
import type { VmRef } from '../../src/domain/vm.js';
import { cloneRequest, makeClone, throwAway } from '../../src/engine/clones.js';
import { forkVm } from '../../src/engine/forks.js';
import { readStateComparison } from '../../src/engine/comparedStates.js';
import { UndoLook } from '../../src/engine/undoLook.js';
import { type LiveRig, startLiveRig, withMethod } from './engineRig.js';
import { silentLog } from '../silentLog.js';
import type { GuestVm } from './guestVm.js';
import { defineWithTpm, tpmHolds, writeTpm } from './tpmState.js';

describe('TPMs', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const [old, young] = ['word-one', 'word-two'];
  const holds = (vm: GuestVm, word: string): Promise<boolean> => tpmHolds(r.daemon, vm.ref.uuid, word);

  const define = (name: string, more = ''): Promise<GuestVm> => defineWithTpm(r, { name, more, word: old });

  async function planOf(vm: GuestVm, request: Parameters<GuestVm['run']>[0]): Promise<Plan> {
    const decision = await r.engine.plan({ ...request, vm: vm.ref });
    assert.ok(decision.kind === 'plan', JSON.stringify(decision));
    return decision;
  }
  const isUntouched = ({ warnings }: Plan): boolean => warnings.some(({ kind }) => kind === 'tpmNotCaptured');
  const isLost = ({ losses }: Plan): boolean => losses.some(({ kind }) => kind === 'tpm');

  for (const style of ['internal', 'external'] satisfies readonly SnapshotStyle[]) {
    it(`a revert of a VM that is off to RAM, ${style}: the TPM of then, and by undo that of now`, async () => {
      const vm = await define(`off-${style}`);
      const create = { kind: 'create', title: 'ram', snapshotKind: 'memory', style } as const;
      assert.equal(isUntouched(await planOf(vm, create)), false);
      await vm.create('ram', 'memory', style);
      await vm.power('forceOff');
      await writeTpm(r.daemon, vm.ref.uuid, young);

      const back = { kind: 'revert', snapshot: 'ram', after: 'asSnapshot' } as const;
      const bare = await planOf(vm, back);
      assert.deepEqual([isLost(bare), isUntouched(bare)], [true, false]);
      const kept = await planOf(vm, { ...back, checkpointFirst: true });
      assert.equal(isLost(kept), false);
      const { checkpoint } = await vm.run({ ...back, checkpointFirst: true });
      assert.ok(checkpoint !== undefined);
      await vm.power('forceOff');
      assert.deepEqual([await holds(vm, old), await holds(vm, young)], [true, false]);

      const { way } = (await UndoLook.at(r.engine, vm.ref)).next('undo')!;
      assert.ok(way.kind === 'operation', JSON.stringify(way));
      await r.engine.runOperation(way.request);
      assert.equal(await r.virsh('domstate', vm.vm.name), 'shut off');
      assert.deepEqual([await holds(vm, old), await holds(vm, young)], [false, true]);
    });
  }

  const copyOf = (vm: GuestVm, snapshot: string): string =>
    join(r.daemon.dir, 'lib/swtpm', vm.ref.uuid, 'tpm2', `tpm2-00.permall.${snapshot}`);

  for (const style of ['internal', 'external'] satisfies readonly SnapshotStyle[]) {
    it(`a revert of a VM that is off to no RAM, ${style}: the TPM of then, and by undo that of now`, async () => {
      const vm = await define(`without-${style}`);
      await vm.power('forceOff');
      const create = { kind: 'create', title: 'disks', snapshotKind: 'offline', style } as const;
      assert.equal(isUntouched(await planOf(vm, create)), false);
      await vm.create('disks', 'disk', style);
      assert.ok(existsSync(copyOf(vm, 'disks')));
      const [disks] = (await r.engine.readTree(vm.ref)).snapshots;
      const compare = async (): Promise<unknown> =>
        (await readStateComparison(r.engine, vm.ref, disks!, undefined, silentLog)).states;
      assert.deepEqual(await compare(), [{ role: 'tpmState', how: 'same' }]);
      await writeTpm(r.daemon, vm.ref.uuid, young);
      assert.deepEqual(await compare(), [{ role: 'tpmState', how: 'differs' }]);
      const back = { kind: 'revert', snapshot: 'disks', after: 'asSnapshot', checkpointFirst: true } as const;
      const plan = await planOf(vm, back);
      assert.deepEqual([isLost(plan), isUntouched(plan), plan.checkpoint !== undefined], [false, false, true]);
      await vm.run(back);
      assert.deepEqual([await holds(vm, old), await holds(vm, young)], [true, false]);
      // It runs with it.
      await vm.power('start');
      await vm.power('forceOff');
      assert.equal(await holds(vm, old), true);

      const { way } = (await UndoLook.at(r.engine, vm.ref)).next('undo')!;
      assert.ok(way.kind === 'operation', JSON.stringify(way));
      await r.engine.runOperation(way.request);
      assert.deepEqual([await holds(vm, old), await holds(vm, young)], [false, true]);
    });
  }

  it('a snapshot of the disks of a VM that runs has that of a power cut; its copy goes with its name', async () => {
    const vm = await define('cut');
    await vm.create('disks', 'disk');
    await vm.run({ kind: 'rename', snapshot: 'disks', title: 'named' });
    assert.deepEqual([existsSync(copyOf(vm, 'disks')), existsSync(copyOf(vm, 'named'))], [false, true]);
    await vm.power('forceOff');
    await writeTpm(r.daemon, vm.ref.uuid, young);
    await vm.power('start');
    await vm.run({ kind: 'revert', snapshot: 'named', after: 'running', checkpointFirst: false });
    assert.deepEqual([await holds(vm, old), await holds(vm, young)], [true, false]);
    await vm.power('forceOff');
    await vm.run({ kind: 'delete', snapshot: 'named', scope: 'one' });
    assert.equal(existsSync(copyOf(vm, 'named')), false);
  });

  it('is untouched, and said to be, where nobody knows where it is', async () => {
    const own = r;
    r = await startLiveRig();
    r.wrapNext((real) =>
      withMethod(real, 'readVm', async (uuid) => {
        const { tpmState: _, ...read } = await real.readVm(uuid);
        return read;
      }),
    );
    try {
      await r.engine.connect(r.uri);
      r.show();
      const vm = await define('unknown');
      await vm.power('forceOff');
      const create = { kind: 'create', title: 'disks', snapshotKind: 'offline', style: 'external' } as const;
      assert.equal(isUntouched(await planOf(vm, create)), true);
      await vm.create('disks');
      await writeTpm(r.daemon, vm.ref.uuid, young);
      const back = { kind: 'revert', snapshot: 'disks', after: 'asSnapshot', checkpointFirst: true } as const;
      assert.equal(isUntouched(await planOf(vm, back)), true);
      await vm.run(back);
      assert.equal(await holds(vm, young), true);
    } finally {
      await r.stop();
      r = own;
    }
  });

  const nameOf = (ref: VmRef): string => r.engine.findVm(ref)!.vm.name;
  const folderOf = (ref: VmRef): string => join(r.daemon.dir, 'lib/swtpm', ref.uuid);

  for (const way of ['linked', 'full'] as const) {
    it(`a ${way} clone has that of its snapshot, runs with it, and takes it away`, async () => {
      const vm = await define(`of-${way}`, " persistent_state='yes'");
      await vm.power('forceOff');
      await vm.create('disks');
      await writeTpm(r.daemon, vm.ref.uuid, young);
      const ref = await makeClone(
        r.engine,
        cloneRequest(r.engine, vm.ref, { snapshot: 'disks', name: `${way}-clone`, way }),
      );
      await r.virsh('start', nameOf(ref));
      await r.virsh('destroy', nameOf(ref));
      assert.equal(await tpmHolds(r.daemon, ref.uuid, old), true);
      await r.engine.refresh({ vm: ref });
      await throwAway(r.engine, ref);
      assert.equal(existsSync(folderOf(ref)), false);
      assert.equal(await holds(vm, young), true);
    });
  }

  it('a fork goes on with it', async () => {
    const vm = await define('forked');
    const { children } = await forkVm(r.engine, vm.ref);
    const [child] = children;
    assert.ok(child !== undefined);
    await r.virsh('destroy', nameOf(child));
    assert.equal(await tpmHolds(r.daemon, child.uuid, old), true);
    await r.engine.refresh({ vm: child });
    await throwAway(r.engine, child);
    assert.equal(existsSync(folderOf(child)), false);
  });
});
