// What the configuration of a VM tells of the layers below its disks: nothing, or all. libvirt's helper for AppArmor
// looks into the images only below a disk of which nothing is told, and QEMU is denied what was neither told nor seen.
import assert from 'node:assert/strict';
import { copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { cloneRequest, makeClone } from '../../src/engine/clones.js';
import { allRows, itRarely } from '../allRows.js';
import { GuestVm } from './guestVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('the layers of a VM that stands on an overlay', () => {
  let rig: LiveRig;
  before(async () => {
    rig = await startLiveRig();
    await rig.engine.connect(rig.uri);
    rig.show();
  });
  after(() => rig.stop());

  const configured = (name: string): Promise<string> => rig.virsh('dumpxml', '--inactive', '--security-info', name);
  const layersTold = (xml: string): readonly string[] => xml.match(/<backingStore[^>]*>/gu) ?? [];

  /** By another client, on an overlay of its disk, with a snapshot that it took while the VM ran. */
  async function onOverlay(name: string): Promise<GuestVm> {
    const web = await GuestVm.define(rig, name, { disks: ['qcow2'] });
    const [disk] = web.vm.guest.disks;
    const overlay = join(rig.daemon.dir, `${name}-over.qcow2`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', disk!.file, '-F', disk!.format, overlay]);
    await withXmlFile((await configured(name)).replace(disk!.file, overlay), (file) =>
      virshOk(rig.daemon.virsh, 'define', file),
    );
    await rig.virsh('start', name);
    await rig.virsh('snapshot-create-as', name, 'theirs', '--disk-only');
    assert.equal(layersTold(await configured(name)).length, 1, 'libvirt tells of one layer of two');
    return web;
  }

  for (const kind of allRows ? (['disk', 'memory'] as const) : (['memory'] as const)) {
    it(`are left to the images by a snapshot of it: ${kind}, after a revert`, async () => {
      const web = await GuestVm.define(rig, `reverted-${kind}`);
      const one = await web.create('one');
      await web.revert(one, 'running');
      await web.write();
      await web.create('two', kind);
      assert.deepEqual(layersTold(await configured(web.vm.name)), []);
      await web.power('forceOff');
      await web.create('three');
      assert.deepEqual(layersTold(await configured(web.vm.name)), [], 'of a VM that is off');
      await web.power('start');
      await web.isWhole();
    });
  }

  it('are left to the images by a snapshot of a linked clone', async () => {
    const web = await GuestVm.define(rig, 'original');
    const one = await web.create('one');
    const vm = await makeClone(rig.engine, cloneRequest(rig.engine, web.ref, { snapshot: one, name: 'linked' }));
    await rig.engine.runOperation({ kind: 'power', vm, action: 'start' });
    await rig.engine.runOperation({ kind: 'create', vm, title: 'its', snapshotKind: 'disk', style: 'external' });
    assert.deepEqual(layersTold(await configured('linked')), []);
  });

  it('are left to the images by a start, where another client took the snapshot', async () => {
    const web = await onOverlay('theirs');
    await rig.virsh('destroy', 'theirs');
    await web.run({ kind: 'power', action: 'start' });
    assert.deepEqual(layersTold(await configured('theirs')), []);
  });

  itRarely('are left to the images by a start from a managed save', async () => {
    const web = await onOverlay('saved');
    await rig.virsh('managedsave', 'saved');
    const saved = (): Promise<string> => rig.virsh('managedsave-dumpxml', 'saved', '--security-info');
    assert.equal(layersTold(await saved()).length, 1);
    // So that what is saved can be seen after the start.
    const kernel = /<kernel>(?<file>.*)<\/kernel>/u.exec(await configured('saved'))?.groups?.['file'] ?? '';
    await rename(kernel, `${kernel}.away`);
    await web.engine.refresh({ vm: web.ref });
    await assert.rejects(web.run({ kind: 'power', action: 'start' }));
    await copyFile(`${kernel}.away`, kernel);
    assert.deepEqual(layersTold(await saved()), []);
    await web.run({ kind: 'power', action: 'start' });
  });

  it('stay told where the images tell something else', async () => {
    const web = await onOverlay('other');
    await rig.virsh('destroy', 'other');
    const xml = await configured('other');
    const [disk] = web.vm.guest.disks;
    // Told by hand: it stands on the disk without the layer between.
    await withXmlFile(xml.replace(/(<backingStore.*?<source file=')[^']*/su, `$1${disk!.file}`), (file) =>
      virshOk(rig.daemon.virsh, 'define', file),
    );
    const before = await configured('other');
    await web.engine.refresh({ vm: web.ref });
    await web.run({ kind: 'power', action: 'start' });
    assert.equal(await configured('other'), before);
  });
});
