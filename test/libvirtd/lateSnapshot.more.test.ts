// Another client saves a VM in the moment in which a snapshot of it is begun: libvirt takes that of the VM that is off
// by then, and would start it from the save below the overlays. With QEMU stopped while it saves, so that ours comes
// behind.
import assert from 'node:assert/strict';
import { Failure } from '../../src/domain/failure.js';
import { severityOf } from '../../src/diagnosis/problemTable.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { qemuProcesses } from '../qemuProcesses.js';
import { type Guest, type LiveRig, startLiveRig, withMethod } from './engineRig.js';
import { noteMonitors } from './stoppedQemu.js';

describe('a snapshot of a VM that another client saves in that moment', () => {
  let r: LiveRig;
  let guest: Guest;
  let ref: VmRef;
  let saves = 0;
  let isOvertaken = false;

  /** The step reaches libvirt while another client's save goes on. */
  const overtaken = (real: Hypervisor): Hypervisor =>
    withMethod(real, 'run', async (vm, step, options) => {
      if (step.kind !== 'createSnapshot' || !isOvertaken) {
        return real.run(vm, step, options);
      }
      const [qemu] = await qemuProcesses(r.daemon, 'late');
      const sent = await noteMonitors(r.daemon, String(saves++));
      const saving = r.virsh('managedsave', 'late');
      await sent('migrate');
      process.kill(qemu!, 'SIGSTOP');
      // An answer that came later says that libvirt has begun with ours.
      const goesOn = r.virsh('list', '--all').then(() => process.kill(qemu!, 'SIGCONT'));
      const [outcome] = await Promise.all([real.run(vm, step, options), goesOn, saving]);
      return outcome;
    });

  before(async () => {
    r = await startLiveRig();
    r.wrapNext(overtaken);
    r.show();
    guest = await r.guest({ name: 'late' });
    ref = await r.ref('late');
  });
  after(() => r.stop());

  const failureOf = async (request: OperationRequest): Promise<Failure> => {
    try {
      await r.engine.runOperation(request);
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return error;
    }
    assert.fail('it was taken');
  };

  for (const snapshotKind of ['memory', 'disk'] as const) {
    it(`of its ${snapshotKind}: is undone, and the VM goes on from the save on the disks that it was saved on`, async () => {
      await guest.start();
      await guest.setCounters(5);
      const disks = (): readonly (string | undefined)[] => r.vm('late')!.vm.disks.map(({ source }) => source);
      const before = disks();
      isOvertaken = true;
      let failure: Failure | undefined;
      // QEMU may be faster than who stops it: then libvirt refuses by itself.
      while (failure?.kind !== 'stopped') {
        failure = await failureOf({ kind: 'create', vm: ref, title: 'late', snapshotKind, style: 'external' });
        if (failure.kind !== 'stopped') {
          assert.deepEqual(disks(), before);
          await guest.start();
        }
      }
      isOvertaken = false;
      assert.deepEqual([failure.details.refusal?.reason, failure.details.recovered], ['stalePlan', 'before']);
      await r.engine.refresh({ vm: ref });
      const { snapshots } = await r.engine.readTree(ref);
      const { vm } = r.vm('late')!;
      assert.deepEqual([vm.power, vm.managedSave, disks(), snapshots], ['off', true, before, []]);
      const { diagnoses } = await r.engine.examine(ref);
      const wrong = diagnoses.map(({ problem }) => problem).filter((problem) => severityOf(problem) !== 'note');
      assert.deepEqual(wrong, []);

      await r.engine.runOperation({ kind: 'power', vm: ref, action: 'start' });
      await guest.waitForAgent();
      const { memory, disk } = await guest.counters();
      assert.deepEqual([memory, disk, disks()], [5, 5, before]);
      await r.virsh('destroy', 'late');
      await r.engine.refresh({ vm: ref });
    });
  }

  it('and one that another client takes beside the save: the start that would write below it is refused', async () => {
    await guest.start();
    await r.virsh('managedsave', 'late');
    await r.virsh('snapshot-create-as', 'late', 'beside', '--disk-only');
    await r.engine.refresh({ vm: ref });
    const start = { kind: 'power', vm: ref, action: 'start' } as const;
    assert.equal((await failureOf(start)).details.refusal?.reason, 'savedBelow');
    const { diagnoses } = await r.engine.examine(ref);
    assert.ok(diagnoses.some(({ problem }) => problem.kind === 'savedBelow'));

    await r.engine.runOperation({ kind: 'revert', vm: ref, snapshot: 'beside', after: 'off' });
    await r.engine.runOperation(start);
    assert.equal(await guest.state(), 'running');
    assert.notEqual(r.vm('late')!.vm.disks[0]!.source, guest.disks[0]);
  });
});
