// What incremental backups go by, on real guests: libvirt's checkpoints, and notes of changed blocks inside images.
import assert from 'node:assert/strict';
import { runOk } from '../../scripts/rig/run.mjs';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { stateOf } from './peculiarVm.js';
import { GuestVm } from './guestVm.js';

describe('notes for backups', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const checkpoints = (name: string): Promise<string> => r.virsh('checkpoint-list', name, '--name');
  const bitmapsOf = async (file: string): Promise<readonly (readonly string[])[]> => {
    const stdout = await runOk('qemu-img', ['info', '-U', '--output=json', file]);
    const told = JSON.parse(stdout) as {
      'format-specific': { data: { bitmaps?: readonly { readonly flags: readonly string[] }[] } };
    };
    return (told['format-specific'].data.bitmaps ?? []).map(({ flags }) => flags);
  };

  it('are a checkpoint’s: nothing is reverted, and what is made while the VM runs takes them along', async () => {
    const vm = await GuestVm.define(r, 'backed');
    await vm.power('start');
    await vm.grow('one');
    await r.virsh('checkpoint-create-as', 'backed', 'full');
    await vm.grow('two');
    for (const snapshot of ['one', 'two']) {
      await vm.isRefused({ kind: 'revert', snapshot, after: 'off', checkpointFirst: false }, 'checkpointsExist');
    }
    await vm.isWhole();
    await vm.run({ kind: 'delete', snapshot: 'two', scope: 'one' });
    vm.model = vm.model.deleted('two', 'one');
    await vm.isWhole();
    assert.equal(await checkpoints('backed'), 'full');
    await vm.power('forceOff');
    await vm.isRefused({ kind: 'create', title: 'x', snapshotKind: 'offline' }, 'checkpointsExist');
    await vm.isRefused({ kind: 'rename', snapshot: 'one', title: 'other' }, 'checkpointsExist');
    await vm.isRefused({ kind: 'describe', snapshot: 'one', title: 'one', description: 'x' }, 'checkpointsExist');
    await vm.isRefused({ kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: false }, 'checkpointsExist');
    await vm.isRefused({ kind: 'delete', snapshot: 'one', scope: 'one' }, 'checkpointsExist');
    await vm.isWhole();
    assert.equal(await checkpoints('backed'), 'full');
    await vm.power('start');
    await r.virsh('checkpoint-delete', 'backed', 'full');
    await vm.power('forceOff');
    await vm.run({ kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: false });
    vm.model = vm.model.reverted('one', 'off');
    await vm.isWhole();
  });

  it('are a checkpoint’s: no state inside an image is brought back, and the guest goes on', async () => {
    const vm = await GuestVm.define(r, 'backed-inside');
    await vm.power('start');
    await vm.create('in', 'memory', 'internal');
    await r.virsh('checkpoint-create-as', 'backed-inside', 'full');
    await vm.isRefused(
      { kind: 'revert', snapshot: 'in', after: 'running', checkpointFirst: false },
      'checkpointsExist',
    );
    await vm.isWhole();
    assert.equal(await stateOf(r, 'backed-inside'), 'running');
    assert.equal(await checkpoints('backed-inside'), 'full');
  });

  it('are inside an image: no state inside it is brought back, and they stay whole', async () => {
    const vm = await GuestVm.define(r, 'noted');
    const { file } = vm.vm.guest.disks[0]!;
    await vm.create('off', 'disk', 'internal');
    await runOk('qemu-img', ['bitmap', '--add', file, 'backup']);
    await vm.isRefused({ kind: 'revert', snapshot: 'off', after: 'off', checkpointFirst: false }, 'bitmapsInImage');
    assert.deepEqual(await bitmapsOf(file), [['auto']]);
    await vm.isWhole();
    await vm.power('start');
    await vm.isRefused({ kind: 'revert', snapshot: 'off', after: 'off', checkpointFirst: false }, 'bitmapsInImage');
    await vm.isWhole();
  });

  it('are inside an image: an overlay is made all the same, and it is said that they do not hear of it', async () => {
    const vm = await GuestVm.define(r, 'noted-outside');
    await runOk('qemu-img', ['bitmap', '--add', vm.vm.guest.disks[0]!.file, 'backup']);
    const request = { kind: 'create', vm: vm.ref, title: 'out', snapshotKind: 'offline', style: 'external' } as const;
    const decision = await r.engine.plan(request);
    assert.ok(decision.kind === 'plan', JSON.stringify(decision));
    assert.ok(decision.warnings.some(({ kind: about }) => about === 'bitmapsStayBehind'));
    await vm.create('out');
    await vm.isWhole();
  });
});
