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

  for (const first of ['start', 'checkpoint'] as const) {
    it(`merges nothing that the overlay with what came after stands on: ${first} first`, async () => {
      const name = `older-${first}`;
      const vm = await GuestVm.define(r, name);
      await vm.power('start');
      await vm.grow('s1', 's2');
      await vm.power('forceOff');
      const base = vm.vm.guest.disks[0]!.file.replace(/\.[^.]*$/u, '');
      const xml = await r.virsh('dumpxml', name, '--inactive');
      const path = join(r.daemon.dir, `${name}.xml`);
      const older = xml.replaceAll('.s2.qcow2', '.s1.qcow2').replaceAll(/<backingStore[\s\S]*?(?=<target)/gu, '');
      await writeFile(path, older);
      await r.virsh('define', path);
      await r.engine.refresh({ vm: vm.ref });
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
