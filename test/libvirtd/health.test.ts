// The health checks on real VMs and images: one that triggers each, and one that does not.
import assert from 'node:assert/strict';
import { copyFile, open, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import type { CheckId } from '../../src/diagnosis/problem.js';
import { type HealthRig, type Look, startHealthRig } from './healthRig.js';
import type { LiveRig } from './engineRig.js';

describe('health checks on real VMs', () => {
  let h: HealthRig;
  let r: LiveRig;

  before(async () => {
    h = await startHealthRig();
    r = h.live;
  });

  after(() => r.stop());

  const vm = (name: string): Promise<string> => h.vm(name);
  const external = (name: string, snapshot: string): Promise<string> => h.external(name, snapshot);
  const found = (name: string, look?: Look): Promise<readonly CheckId[]> => h.found(name, look);

  it('find nothing on a VM with one fresh snapshot', async () => {
    await vm('well');
    await external('well', 'a');
    assert.deepEqual(await found('well', { examine: true }), []);
  });

  it('find a chain of nine deltas, and none of eight', async () => {
    await vm('deep');
    for (const snapshot of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      await external('deep', snapshot);
    }
    assert.deepEqual(await found('deep'), []);
    await external('deep', 'i');
    assert.deepEqual(await found('deep'), ['chainTooDeep']);
  });

  it('find a chain that this libvirt cannot start, just where it cannot', async () => {
    const disk = await vm('deepest');
    let top = disk;
    for (let at = 0; at < 32; at += 1) {
      const next = `${disk}.${at}`;
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', top, '-F', 'qcow2', next]);
      top = next;
    }
    const file = join(r.daemon.dir, 'deepest.xml');
    await writeFile(file, (await r.virsh('dumpxml', 'deepest')).replace(disk, top));
    await r.virsh('define', file);
    const checks = await found('deepest', { examine: true });
    const { code } = await r.daemon.virsh(['start', 'deepest']);
    assert.equal(checks.includes('chainTooDeepToStart'), code !== 0);
    assert.ok(checks.includes('chainTooDeep'));
    await r.daemon.virsh(['destroy', 'deepest']);
  });

  it('find the age of a delta, its size, and all deltas, against the limits', async () => {
    await vm('old');
    await external('old', 'a');
    await h.redefine('old', 'a', (xml) => xml.replace(/<creationTime>\d+</, '<creationTime>1500000000<'), '--current');
    assert.deepEqual(await found('old'), ['deltaTooOld']);
    assert.deepEqual(await found('well', { thresholds: { deltaBytes: 1 } }), ['deltaTooLarge']);
    assert.deepEqual(await found('well', { thresholds: { allDeltasBytes: 1 } }), ['deltasTooLarge']);
    assert.deepEqual(await found('well', { thresholds: { deltaBytes: 1024 ** 2, allDeltasBytes: 1024 ** 2 } }), []);
  });

  it('find that space is low, and that it runs out', async () => {
    assert.deepEqual(await found('well', { thresholds: { freePercent: 100 } }), ['freeSpaceLow']);
    assert.deepEqual(await found('well', { full: true }), ['freeSpaceRunsOut']);
  });

  it('find a backing file that is gone', async () => {
    const disk = await vm('gone');
    await external('gone', 'a');
    await rename(disk, `${disk}.away`);
    const checks = await found('gone', { examine: true });
    assert.ok(checks.includes('backingLost') || checks.includes('backingMissing'), checks.join());
    await rename(`${disk}.away`, disk);
    assert.deepEqual(await found('gone', { examine: true }), []);
  });

  it('find a base that was written to under its overlay', async () => {
    const disk = await vm('changed');
    await external('changed', 'a');
    const overlay = disk.replace(/qcow2$/, 'a');
    const before = new Date(Date.now() - 3_600_000);
    await utimes(disk, before, before);
    await utimes(overlay, before, before);
    assert.deepEqual(await found('changed', { examine: true }), []);
    await runOk('qemu-io', ['-c', 'write 0 64k', disk]);
    assert.deepEqual(await found('changed', { examine: true }), ['backingChanged']);
  });

  it('find a tag that nobody knows, and a snapshot whose tag is gone', async () => {
    const disk = await vm('tags');
    await r.virsh('snapshot-create-as', 'tags', 'own');
    assert.deepEqual(await found('tags', { examine: true }), []);
    await runOk('qemu-img', ['snapshot', '-c', 'stray', disk]);
    assert.deepEqual(await found('tags', { examine: true }), ['orphan']);
    await runOk('qemu-img', ['snapshot', '-d', 'stray', disk]);
    await runOk('qemu-img', ['snapshot', '-d', 'own', disk]);
    assert.deepEqual(await found('tags', { examine: true }), ['metadataWithoutFile']);
  });

  it('find that no snapshot is current', async () => {
    await vm('none');
    await external('none', 'a');
    assert.deepEqual(await found('none'), []);
    const xml = await r.virsh('snapshot-dumpxml', 'none', 'a', '--security-info');
    await r.virsh('snapshot-delete', 'none', 'a', '--metadata');
    const file = join(r.daemon.dir, 'none.xml');
    await writeFile(file, xml);
    await r.virsh('snapshot-create', 'none', file, '--redefine');
    assert.deepEqual(await found('none'), ['noCurrent']);
  });

  it('find a mix of both styles that cannot be deleted', async () => {
    await vm('mixed');
    await r.virsh('snapshot-create-as', 'mixed', 'inside');
    await external('mixed', 'beside');
    assert.ok((await found('mixed')).includes('mixedUndeletable'));
    assert.ok(!(await found('tags')).includes('mixedUndeletable'));
  });

  it('find a damaged image', async () => {
    const disk = await vm('damaged');
    const file = await open(disk, 'r+');
    // The second bit of the incompatible features, a big-endian number of 8 bytes at 72: QEMU found it corrupt.
    await file.write(Buffer.from([2]), 0, 1, 79);
    await file.close();
    assert.deepEqual(await found('damaged', { examine: true }), ['damaged']);
  });

  it('find UEFI variables that a snapshot does not hold', async () => {
    await vm('uefi');
    const nvram = join(r.daemon.dir, 'uefi.vars');
    const code = join(r.daemon.dir, 'uefi.code');
    await writeFile(nvram, Buffer.alloc(4096));
    await writeFile(code, Buffer.alloc(4096));
    const xml = (await r.virsh('dumpxml', 'uefi'))
      .replace(/<kernel>[^<]*<\/kernel>\s*<initrd>[^<]*<\/initrd>\s*(<cmdline>[^<]*<\/cmdline>)?/, '')
      .replace('</os>', `<loader readonly='yes' type='pflash'>${code}</loader><nvram>${nvram}</nvram></os>`);
    const file = join(r.daemon.dir, 'uefi.xml');
    await writeFile(file, xml);
    await r.virsh('define', file);
    await external('uefi', 'a');
    assert.deepEqual(await found('uefi', { examine: true }), ['nvramNotHeld']);
    await copyFile(nvram, `${nvram}.a`);
    assert.deepEqual(await found('uefi', { examine: true }), []);
  });

  it('find a snapshot of a running guest that we know was not quiesced', async () => {
    const guest = await r.guest({ name: 'live', disks: ['emptyQcow2'], agent: false });
    await guest.start();
    await r.virsh('snapshot-create-as', 'live', 'theirs', '--disk-only');
    assert.deepEqual(await found('live'), [], 'nothing is known of another client’s');
    const [view] = r.engine.findVms('live', r.uri);
    await r.engine.runOperation({
      kind: 'create',
      vm: view!.ref,
      snapshotKind: 'disk',
      style: 'external',
      title: 'ours',
    });
    assert.deepEqual(await found('live'), ['notQuiesced']);
    await r.virsh('destroy', 'live');
  });

  it('need none for several current snapshots: where two claim it, libvirt shows one at most', async () => {
    await vm('two');
    await external('two', 'a');
    await external('two', 'b');
    await r.daemon.killDaemon();
    const files = (await readdir(r.daemon.dir, { recursive: true })).filter((path) =>
      /snapshot\/two\/[ab]\.xml$/.test(path),
    );
    assert.equal(files.length, 2);
    for (const path of files) {
      const file = join(r.daemon.dir, path);
      const xml = await readFile(file, 'utf8');
      assert.match(xml, /<active>[01]</);
      await writeFile(file, xml.replace(/<active>0</, '<active>1<'));
    }
    await r.daemon.startDaemon();
    const { code, stdout } = await r.daemon.virsh(['snapshot-current', 'two', '--name']);
    assert.ok(code !== 0 || ['a', 'b'].includes(stdout.trim()));
    for (const snapshot of ['a', 'b']) {
      assert.doesNotMatch(await r.virsh('snapshot-dumpxml', 'two', snapshot, '--security-info'), /<active>/);
    }
    const infos = await Promise.all(['a', 'b'].map((one) => r.virsh('snapshot-info', 'two', one)));
    assert.ok(infos.filter((info) => /^Current:\s+yes/m.test(info)).length <= 1);
  });
});
