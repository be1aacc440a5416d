// External snapshots with RAM that libvirt would not load: of a VM that was renamed since, or in a file that is not
// whole. It notices both only after the VM was stopped for the revert.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('RAM in a file of its own', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const renamed = async (vm: GuestVm, name: string): Promise<GuestVm> => {
    await r.virsh('domrename', vm.vm.name, name);
    await r.engine.refresh({ vm: vm.ref });
    return vm.under(new OracleVm(vm.vm.virsh, { ...vm.vm.guest, name }));
  };

  it('of a VM that was renamed since stops nothing; its disks come back, and with the old name all of it', async () => {
    const old = await GuestVm.define(r, 'old');
    await old.power('start');
    await old.write();
    await old.create('saved', 'memory');
    await old.write();
    await old.power('forceOff');
    const vm = await renamed(old, 'new');
    await vm.power('start');
    await vm.write();
    for (const after of ['running', 'paused'] as const) {
      await vm.isRefused({ kind: 'revert', snapshot: 'saved', after, checkpointFirst: false }, 'ramOfOther');
    }
    await vm.isWhole();

    await vm.run({ kind: 'revert', snapshot: 'saved', after: 'off', checkpointFirst: false });
    vm.model = vm.model.reverted('saved', 'off');
    await vm.isWhole();

    const again = await renamed(vm, 'old');
    await again.run({ kind: 'revert', snapshot: 'saved', after: 'running', checkpointFirst: false });
    again.model = again.model.reverted('saved', 'running');
    await again.isWhole();
  });

  it('that is not whole stops nothing either', async () => {
    const vm = await GuestVm.define(r, 'torn');
    await vm.power('start');
    await vm.write();
    await vm.create('saved', 'memory');
    await vm.write();
    const file = r.vm('torn')?.tree?.snapshots[0]?.memory.file ?? assert.fail('there is no file with RAM');
    const whole = await readFile(file);
    // What libvirt writes first, and makes another word of when the rest is there.
    await writeFile(file, Buffer.concat([Buffer.from('LibvirtQemudPart'), whole.subarray(16)]));
    await vm.isRefused(
      { kind: 'revert', snapshot: 'saved', after: 'running', checkpointFirst: false },
      'memoryFileBroken',
    );
    await vm.isWhole();
  });
});
