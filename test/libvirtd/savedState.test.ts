// A VM is turned off with its RAM, and the next start goes on from there.
import assert from 'node:assert/strict';
import { Failure } from '../../src/domain/failure.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('a VM whose state is saved', () => {
  let r: LiveRig;
  let vm: GuestVm;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
    vm = await GuestVm.define(r, 'saved');
    await vm.power('start');
    await vm.write();
    await vm.create('first', 'memory');
    await vm.write();
  });
  after(() => r.stop());

  const now = (): Pick<NonNullable<ReturnType<LiveRig['vm']>>['vm'], 'power' | 'powerReason' | 'managedSave'> => {
    const { power, powerReason, managedSave } = r.vm('saved')!.vm;
    return { power, powerReason, managedSave };
  };

  it('is off, and goes on with its RAM', async () => {
    await vm.power('save');
    assert.deepEqual(now(), { power: 'off', powerReason: 'saved', managedSave: true });
    await vm.isWhole();
    await vm.isRefused({ kind: 'power', action: 'save' }, 'notRunning');
    await vm.power('start');
    await vm.isWhole();
    assert.equal(now().managedSave, false);
  });

  it('has its RAM in the checkpoint of a revert, and back when that is undone', async () => {
    const kept = vm.model;
    await vm.power('save');
    await vm.run({ kind: 'revert', snapshot: 'first', after: 'running', checkpointFirst: true });
    const [checkpoint] = await r.engine.madeSnapshots(vm.ref, 'revert');
    vm.model = vm.model.reverted('first', 'running');
    await vm.holdsAll(vm.model);
    await vm.run({ kind: 'revert', snapshot: checkpoint!.name, after: 'running', checkpointFirst: false });
    await vm.vm.talk(async (guest) => assert.equal((await guest.ram()).counter, kept.ram?.counter));
  });

  it('runs on when the saving is cancelled', async () => {
    let end: unknown = 'saved';
    // A fast host has saved it before it hears of the wish.
    for (let count = 0; end === 'saved' && count < 8; count++) {
      await r.virsh('dominfo', 'saved').then((said) => (said.includes('shut off') ? r.virsh('start', 'saved') : ''));
      await r.engine.refresh({ vm: vm.ref });
      const abort = new AbortController();
      const ended = vm.run({ kind: 'power', action: 'save' }, abort.signal).then(
        () => 'saved',
        (error: unknown) => error,
      );
      await Promise.race([r.until(() => r.vm('saved')?.operation?.progress.cancellable === true), ended]);
      abort.abort();
      end = await ended;
    }
    assert.ok(end instanceof Failure && end.kind === 'cancelled', String(end));
    await r.engine.refresh({ vm: vm.ref });
    assert.deepEqual(now().power, 'running');
    assert.equal(now().managedSave, false);
  });

  it('is refused for a transient one, which would be gone', async () => {
    await r.virsh('undefine', 'saved', '--snapshots-metadata');
    await r.engine.refresh({ vm: vm.ref });
    await vm.isRefused({ kind: 'power', action: 'save' }, 'transientVm');
    await r.virsh('destroy', 'saved');
  });
});
