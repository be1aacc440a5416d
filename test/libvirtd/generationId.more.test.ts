// A guest whose RAM came back is told so: libvirt gives it another generation ID, and its kernel draws other random
// numbers from then on.
import assert from 'node:assert/strict';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { generationId } from './generationId.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('the generation ID of a VM that has one', () => {
  let rig: LiveRig;

  before(async () => {
    rig = await startLiveRig();
    await rig.engine.connect(rig.uri);
    rig.show();
  });
  after(() => rig.stop());

  for (const style of ['internal', 'external'] as const) {
    it(`is another one after a revert to RAM, ${style}, and again after the next`, async () => {
      const name = `web-${style}`;
      const guest = await rig.guest({ name, disks: ['qcow2'] });
      const xml = (await rig.virsh('dumpxml', name, '--inactive')).replace('</name>', '</name><genid/>');
      await withXmlFile(xml, (file) => virshOk(rig.daemon.virsh, 'define', file));
      const vm = await rig.ref(name);
      rig.show(vm);
      await guest.start();
      const title = 'warm';
      const was = await generationId(rig, name);
      await rig.engine.runOperation({ kind: 'create', vm, title, quiesce: false, style, snapshotKind: 'memory' });
      assert.equal(await generationId(rig, name), was);
      const { snapshots } = await rig.engine.readTree(vm);
      const snapshot = snapshots.find((one) => one.title === title)?.name ?? '';
      const seen = new Set([was]);
      for (const count of [2, 3]) {
        await rig.engine.runOperation({ kind: 'revert', vm, snapshot, after: 'asSnapshot' });
        seen.add(await generationId(rig, name));
        assert.equal(seen.size, count, [...seen].join());
      }
    });
  }
});
