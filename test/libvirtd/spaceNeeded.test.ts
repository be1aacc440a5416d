// What is said of the space that a memory snapshot takes holds, and is no more than what it is about.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('the space for the RAM of a small guest', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  for (const style of ['internal', 'external'] as const) {
    it(`${style}: it takes no more than was said`, async () => {
      const vm = await GuestVm.define(r, `small-${style}`);
      await vm.power('start');
      await vm.write();
      const request = { kind: 'create', vm: vm.ref, title: 'ram', snapshotKind: 'memory', style } as const;
      const plan = await r.engine.plan(request);
      assert.ok(plan.kind === 'plan' && plan.spaceBytes !== undefined);
      assert.ok(plan.spaceBytes < 64 * 1024 ** 2, String(plan.spaceBytes));
      const taken = async (): Promise<number> => {
        const xml = await r.virsh('snapshot-dumpxml', vm.vm.name, 'ram').catch(() => '');
        const memory = /<memory [^>]*file='([^']*)'/u.exec(xml)?.[1];
        const files = [vm.vm.guest.disks[0]!.file, ...(memory === undefined ? [] : [memory])];
        return (await Promise.all(files.map((file) => stat(file)))).reduce((sum, { blocks }) => sum + blocks * 512, 0);
      };
      const before = await taken();
      await vm.create('ram', 'memory', style);
      const took = (await taken()) - before;
      assert.ok(took > 0 && took <= plan.spaceBytes, `${took} of ${plan.spaceBytes}`);
      await vm.isWhole();
    });
  }
});
