// RAM that stays inside an image although no snapshot has it: how it comes there, that it is seen, and what gives the
// space back.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { localFiles } from '../../src/driver/files/directFiles.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('RAM that no snapshot has', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  it('stays when a snapshot goes that was reverted to, is found, and goes with the next one', async () => {
    const vm = await GuestVm.define(r, 'wasted');
    const { file } = vm.vm.guest.disks[0] ?? assert.fail('there is no disk');
    const taken = async (): Promise<number> => (await stat(file)).blocks * 512;
    const files = localFiles(process.env);
    const lost = async (): Promise<number> => {
      const image = await files.image(file, 'qcow2');
      return (typeof image === 'object' ? image.lostRamBytes : undefined) ?? assert.fail(`${file} was not read`);
    };
    const remove = async (snapshot: string): Promise<void> => {
      await vm.run({ kind: 'delete', snapshot, scope: 'one' });
      vm.model = vm.model.deleted(snapshot, 'one');
    };

    const frees = async (snapshot: string): Promise<number> => {
      await r.engine.readLayers(vm.ref);
      const plan = await r.engine.plan({ kind: 'delete', vm: vm.ref, snapshot, scope: 'one' });
      const told = plan.kind === 'plan' ? plan.warnings.find(({ kind: about }) => about === 'frees') : undefined;
      return told?.kind === 'frees' ? told.bytes : assert.fail('nothing is said of what comes back');
    };

    await vm.power('start');
    await vm.write();
    await vm.vm.talk((guest) => guest.fillRam(256, 7));
    vm.model = vm.model.setRam({ kib: 256, seed: 7 });
    const before = await taken();
    await vm.create('first', 'memory', 'internal');
    assert.equal(await lost(), 0);
    await vm.run({ kind: 'revert', snapshot: 'first', after: 'running', checkpointFirst: false });
    vm.model = vm.model.reverted('first', 'running');
    assert.equal(await lost(), 0);
    const told = await frees('first');
    const held = await taken();
    await remove('first');
    const freed = held - (await taken());
    const wasted = await lost();
    // The guest writes meanwhile, if little; what stays in the image is not promised.
    assert.ok(Math.abs(told - freed) < wasted / 2, `${told} were told, ${freed} came back, ${wasted} stay`);
    assert.ok(wasted >= 256 * 1024, String(wasted));
    assert.ok((await taken()) - before >= wasted, `${await taken()} after ${before}, ${wasted} wasted`);
    await vm.isWhole();

    await vm.create('second', 'memory', 'internal');
    await remove('second');
    assert.equal(await lost(), 0);
    assert.ok((await taken()) - before < wasted, `${await taken()} after ${before}, ${wasted} wasted`);
    await vm.isWhole();
  });
});
