// A VM that somebody defined on a layer that one of its snapshots froze.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('a VM that runs on an older layer', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  /** It is off, and defined on what `s2` froze. */
  const definedOlder = async (name: string): Promise<GuestVm> => {
    const vm = await GuestVm.define(r, name);
    await vm.power('start');
    await vm.grow('s1', 's2');
    await vm.power('forceOff');
    const xml = await r.virsh('dumpxml', name, '--inactive');
    const path = join(r.daemon.dir, `${name}.xml`);
    const older = xml.replaceAll('.s2.qcow2', '.s1.qcow2').replaceAll(/<backingStore[\s\S]*?(?=<target)/gu, '');
    await writeFile(path, older);
    await r.virsh('define', path);
    await r.engine.refresh({ vm: vm.ref });
    return vm;
  };

  for (const written of [false, true]) {
    it(`can be reverted to the snapshot above after another one was created there${written ? ', unless it wrote' : ''}`, async () => {
      const name = `above-${String(written)}`;
      const vm = await definedOlder(name);
      if (written) {
        // Its guest writes as it boots.
        await r.virsh('start', name);
        await vm.write();
        await r.virsh('destroy', name);
        await r.engine.refresh({ vm: vm.ref });
      }
      await vm.run({ kind: 'create', title: 's3', snapshotKind: 'offline', style: 'external' });
      const revert = { kind: 'revert', snapshot: 's2', after: 'off', checkpointFirst: false } as const;
      if (written) {
        await vm.isRefused(revert, 'frozenAgain');
      } else {
        await vm.run(revert);
        vm.model = vm.model.reverted('s2', 'off');
        const { differences } = await vm.vm.compare(vm.model, 'present');
        assert.deepEqual(
          differences.filter(({ about }) => about === 'data'),
          [],
        );
      }
    });
  }

  for (const first of ['start', 'checkpoint'] as const) {
    it(`merges nothing that the overlay with what came after stands on: ${first} first`, async () => {
      const name = `older-${first}`;
      const vm = await definedOlder(name);
      const base = vm.vm.guest.disks[0]!.file.replace(/\.[^.]*$/u, '');
      if (first === 'checkpoint') {
        await vm.run({ kind: 'create', title: 's3', snapshotKind: 'offline', style: 'external' });
      }
      await r.virsh('start', name);
      await r.engine.refresh({ vm: vm.ref });
      await vm.isRefused({ kind: 'delete', snapshot: 's1', scope: 'one' }, 'usedByImage');
      assert.ok(existsSync(`${base}.s1.qcow2`));
      await r.virsh('destroy', name);
    });
  }
});
