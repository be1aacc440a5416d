// The health checks on VMs that something broke off, on images that cannot be read, on pools that are down, and on each
// libvirt that the tests run on.
import assert from 'node:assert/strict';
import { copyFile, mkdir, open, rename, rmdir, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { writeFolderPool } from '../../src/driver/xml/storageXml.js';
import { versionOf } from '../../src/domain/capabilities.js';
import { cutOffDelete } from './faults/cutOffDelete.js';
import { type HealthRig, startHealthRig } from './healthRig.js';
import type { LiveRig } from './engineRig.js';

describe('health checks on real states', () => {
  let h: HealthRig;
  let r: LiveRig;

  before(async () => {
    h = await startHealthRig();
    r = h.live;
  });

  after(() => r.stop());

  const define = (xml: string): Promise<unknown> => withXmlFile(xml, (file) => r.virsh('define', file));

  it('find a chain of nine deltas of a VM that is off, whatever of it its configuration tells', async () => {
    await h.vm('lower');
    await h.external('lower', 'a');
    await r.virsh('start', 'lower');
    for (const snapshot of ['b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      await h.external('lower', snapshot);
    }
    await r.virsh('destroy', 'lower');
    // libvirt writes down what it opened for the live ones, and not what the first one stands on.
    assert.ok((await r.virsh('dumpxml', 'lower', '--inactive')).includes('<backingStore'));
    assert.deepEqual(await h.found('lower'), []);
    await h.external('lower', 'i');
    assert.deepEqual(await h.found('lower'), ['chainTooDeep']);
  });

  it('find a guest whose file systems are frozen, and none when it is thawed', async () => {
    const guest = await r.guest({ name: 'frosty' });
    await guest.start();
    await r.virsh('domfsfreeze', 'frosty');
    assert.deepEqual(await h.found('frosty', { examine: true }), ['standsStill']);
    await r.virsh('domfsthaw', 'frosty');
    assert.deepEqual(await h.found('frosty', { examine: true }), []);
    await r.virsh('destroy', 'frosty');
  });

  it('find a libvirt that is known to be bad at what the VM has, and no other', async () => {
    await h.vm('outside');
    await h.external('outside', 'a');
    await h.vm('inside');
    await r.virsh('snapshot-create-as', 'inside', 'a');
    const { libvirt } = r.hypervisor().capabilities;
    const isBad = async (name: string): Promise<boolean> => {
      const { found } = await h.judged(name);
      return found.includes('knownBadLibvirt');
    };
    // On 9.0, 11.3 and 12.8: an overlay that everybody may read, until 11.10; RAM that does not load, 11.2 and 11.3.
    assert.equal(await isBad('outside'), libvirt < versionOf(12, 0));
    assert.equal(await isBad('inside'), libvirt >= versionOf(11, 2) && libvirt < versionOf(11, 4));
  });

  it('find an image damaged that is not what the VM takes it for, on top and below', async () => {
    const disk = await h.vm('spoilt');
    await h.external('spoilt', 'a');
    const [top] = /\/\S+/.exec(await r.virsh('domblklist', 'spoilt')) ?? [];
    for (const file of [disk, top!]) {
      await copyFile(file, `${file}.good`);
      const image = await open(file, 'r+');
      await image.write(Buffer.alloc(512), 0, 512, 0);
      await image.close();
      const found = await h.found('spoilt', { examine: true });
      assert.ok(found.includes('damaged'), `${file}: ${found.join()}`);
      await rename(`${file}.good`, file);
    }
    assert.deepEqual(await h.found('spoilt', { examine: true }), []);
  });

  it('find nothing out about an image that nobody can read, say so, and go on with the rest', async () => {
    const disk = await h.vm('unread');
    await rename(disk, `${disk}.away`);
    // A link in a circle: root, too, gets no further, and libvirt leaves it out of its pools.
    await symlink(disk, disk);
    const { found, unjudged } = await h.judged('unread', { examine: true });
    assert.ok(!found.includes('backingLost') && !found.includes('backingMissing') && !found.includes('damaged'));
    assert.ok(unjudged.includes('deltaTooLarge'), unjudged.join());
    assert.ok(unjudged.includes('backingMissing'), unjudged.join());
    await unlink(disk);
    await mkdir(disk);
    assert.ok((await h.found('unread', { examine: true })).includes('damaged'));
    await rmdir(disk);
    await rename(`${disk}.away`, disk);
    assert.deepEqual((await h.judged('unread', { examine: true })).unjudged, []);
  });

  it('look at a VM in a pool that is down, and leave the pool as it is', async () => {
    const disk = await h.vm('pooled');
    const folder = join(r.daemon.dir, 'pool');
    await mkdir(folder);
    const file = join(folder, 'disk.qcow2');
    await copyFile(disk, file);
    await withXmlFile(writeFolderPool('asleep', folder), (xml) => r.virsh('pool-define', xml));
    const isDown = async (): Promise<void> => {
      assert.match(await r.virsh('pool-info', 'asleep'), /State:\s+inactive/);
    };
    const xml = await r.virsh('dumpxml', 'pooled');
    await define(xml.replace(disk, file));
    await h.external('pooled', 'a');
    assert.deepEqual(await h.found('pooled', { examine: true }), []);
    await isDown();
    // The same disk, known to libvirt by pool and volume alone: the VM cannot start while the pool is down.
    await r.virsh('snapshot-delete', 'pooled', 'a', '--metadata');
    await define(
      xml
        .replace(/<disk type='file'/, "<disk type='volume'")
        .replace(/<source file='[^']*'/, "<source pool='asleep' volume='disk.qcow2'"),
    );
    assert.deepEqual(await h.found('pooled', { examine: true }), ['backingLost']);
    await isDown();
  });

  it('find a delete that broke off, and none before it', async () => {
    /** False where the delete had come to its end: libvirt 9.0 may have left nothing that starts then. */
    const cutOff = async (vm: string): Promise<boolean> => {
      await h.vm(vm);
      await h.external(vm, 'a');
      await h.external(vm, 'b');
      const [top] = /\/\S+/.exec(await r.virsh('domblklist', vm)) ?? [];
      await runOk('qemu-io', ['-c', 'write 0 48M', top!]);
      await r.virsh('start', vm);
      assert.deepEqual(await h.found(vm), []);
      const isCutOff = await cutOffDelete(r.daemon, vm, 'a', () => r.daemon.virsh(['snapshot-delete', vm, 'b']));
      await r.engine.connect(r.uri);
      return isCutOff;
    };
    let name = 'half';
    while (!(await cutOff(name))) {
      name += 'way';
    }
    assert.ok((await h.found(name)).includes('unfinishedDelete'));
  });
});
