// A QEMU that does not answer, by itself or in a job: it is told within seconds, and other VMs are seen and acted on.
import assert from 'node:assert/strict';
import { Failure, type FailureDetails, type FailureKind } from '../../src/domain/failure.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { SnapshotTree } from '../../src/domain/snapshot.js';
import type { VmRef } from '../../src/domain/vm.js';
import { qemuProcesses } from '../qemuProcesses.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('a QEMU that hangs', () => {
  let r: LiveRig;
  let hung: VmRef;
  let well: VmRef;

  before(async () => {
    r = await startLiveRig();
    await r.guest({ name: 'hung' });
    await r.guest({ name: 'well' });
    await r.virsh('start', 'hung');
    await r.virsh('start', 'well');
    await r.engine.refresh({ connection: r.uri });
    [hung, well] = [await r.ref('hung'), await r.ref('well')];
  });
  after(() => r.stop());

  /** @returns lets it go on */
  const stop = async (): Promise<() => void> => {
    const [pid] = await qemuProcesses(r.daemon, 'hung');
    process.kill(pid!, 'SIGSTOP');
    return () => {
      try {
        process.kill(pid!, 'SIGCONT');
      } catch {
        // It was forced off.
      }
    };
  };
  const failureOf = async (work: Promise<unknown>): Promise<{ readonly kind: FailureKind } & FailureDetails> => {
    const error: unknown = await work.then(
      () => assert.fail('it was done'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Failure);
    return { kind: error.kind, ...error.details };
  };
  const create = (vm: VmRef): OperationRequest => ({
    kind: 'create',
    vm,
    title: 'new',
    description: '',
    snapshotKind: 'memory',
  });
  const decided = async (request: OperationRequest): Promise<string> => {
    const [{ decision }] = await r.engine.decide([request]);
    return decision.kind === 'refusal' ? decision.refusal.reason : decision.kind;
  };

  describe('while another client has a snapshot of it made', () => {
    /** Resolves when libvirt lists it, with what ends it. */
    const begin = async (
      name: string,
    ): Promise<{ readonly tree: SnapshotTree; readonly end: () => Promise<unknown> }> => {
      const goOn = await stop();
      const made = r.virsh('snapshot-create-as', 'hung', name);
      let tree: SnapshotTree;
      do {
        tree = await r.hypervisor().readTree(hung.uuid);
      } while (!tree.snapshots.some((one) => one.name === name));
      return { tree, end: () => (goOn(), made) };
    };

    for (const [name, before] of [
      ['first', undefined],
      ['second', 'first'],
    ] as const) {
      it(`shows it as one that is written: the ${name}`, async () => {
        const { tree, end } = await begin(name);
        try {
          assert.deepEqual([tree.beingWritten, tree.current], [name, before]);
          for (const request of [
            { kind: 'revert', vm: hung, snapshot: name, after: 'asSnapshot', checkpointFirst: false },
            { kind: 'delete', vm: hung, snapshot: name, scope: 'one' },
            create(hung),
            { kind: 'power', vm: hung, action: 'shutDown' },
          ] as const satisfies readonly OperationRequest[]) {
            assert.equal(await decided(request), 'snapshotBeingWritten', request.kind);
            const { kind, refusal } = await failureOf(r.engine.runOperation(request));
            assert.deepEqual([kind, refusal?.reason], ['refused', 'snapshotBeingWritten'], request.kind);
          }
          assert.equal(await decided({ kind: 'power', vm: hung, action: 'forceOff' }), 'plan');
          assert.equal((await failureOf(r.engine.examine(hung))).refusal?.reason, 'snapshotBeingWritten');
        } finally {
          await end();
        }
        const after = await r.hypervisor().readTree(hung.uuid);
        assert.deepEqual([after.beingWritten, after.current], [undefined, name]);
      });
    }
  });

  describe('by itself', () => {
    it('is told within seconds, hides nothing of others, and can be forced off', async () => {
      const goOn = await stop();
      try {
        await r.engine.sweep();
        const told = await r.hypervisor().readDiskStatistics();
        assert.equal(typeof told.get(well.uuid)?.layers[0]?.allocatedBytes, 'number');
        await r.engine.examine(well);
        for (const asked of [
          () => r.engine.examine(hung),
          () => r.engine.decide([create(hung)]),
          () => r.engine.runOperation(create(hung)),
          () => r.engine.runOperation({ kind: 'power', vm: hung, action: 'pause' }),
          () => r.engine.runOperation({ kind: 'speed', vm: hung, to: { disks: {}, networks: {} } }),
          () => r.engine.guests.tuningOf(hung),
          () => r.engine.guests.screenshotOf(hung),
          () => r.engine.guests.dirtyRateOf(hung),
        ]) {
          const { kind, unanswered } = await failureOf(asked());
          assert.deepEqual([kind, unanswered?.by], ['busy', 'monitor']);
        }
        await r.engine.runOperation(create(well));
        const { state } = await r.engine.runOperation({ kind: 'power', vm: hung, action: 'forceOff' });
        assert.equal(state, 'off');
      } finally {
        goOn();
      }
    });
  });
});
