// One snapshot of a backup alone: only what it takes is fetched, and the VM is as it was then, whatever its files are
// called and wherever the snapshot was kept.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { contentFile, type CopiesHost, type ListedBackup, startCopiesHost, writePattern } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

describe('one snapshot of a backup', () => {
  let host: CopiesHost;
  let dir: string;
  let repository: string;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    repository = join(dir, 'repository');
  });
  after(() => host.rig.stop());

  async function makeImage(file: string, ...more: readonly string[]): Promise<string> {
    mkdirSync(dirname(file), { recursive: true });
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', ...more, file, '16M');
    return file;
  }

  const define = (name: string, ...files: readonly string[]): Promise<string> =>
    defineDiskVm(
      host.rig,
      name,
      files.map((file) => ({ file, format: 'qcow2' })),
    );

  /** With one element changed for another. */
  async function change(name: string, from: string, to: string): Promise<void> {
    const xml = (await host.rig.virsh('dumpxml', name, '--inactive')).replace(from, to);
    await withXmlFile(xml, (file) => virshOk(host.rig.daemon.virsh, 'define', file));
  }

  const backUp = async (name: string): Promise<string> =>
    (await host.json<{ backup: ListedBackup }>('backup', name, '--to', repository, '--create')).backup.id;

  /** Resolves with the folder that it is in. */
  async function restore(id: string, snapshot: string, as: string, ...words: readonly string[]): Promise<string> {
    const to = join(dir, 'restored');
    const where = ['--from', repository, '--folder', to, '--as', as];
    await host.run('done', 'restore', id, ...where, '--snapshot', snapshot, ...words);
    assert.equal((await host.rig.virsh('snapshot-list', as, '--name')).trim(), '');
    return join(to, as);
  }

  async function holds(file: string, pattern: number, at: string): Promise<void> {
    const said = await runTool('qemu-io', '-r', '-f', 'qcow2', '-c', `read -P ${pattern} ${at} 1M`, file);
    assert.doesNotMatch(said, /verification failed/u, `${file} at ${at} is not ${pattern}`);
  }

  it('takes its own chain from the repository, of files with hostile names too', async () => {
    const image = await makeImage(join(dir, 'im[a-z]ges *', 'b?s\\e [1]!.qcow2'));
    await define('odd', image);
    for (const [pattern, title] of ['one', 'two', 'three'].entries()) {
      await writePattern(await contentFile(host, 'odd'), pattern + 1, '0');
      await host.run('done', 'checkpoint', 'odd', title, '--style', 'external', '--kind', 'offline');
    }
    await writePattern(await contentFile(host, 'odd'), 9, '0');
    const id = await backUp('odd');
    const folder = await restore(id, 'two', 'odd-two');
    await holds(await contentFile(host, 'odd-two'), 2, '0');
    // The base, the layer above it, and its own: neither the third one nor the current state.
    assert.equal(readdirSync(folder).length, 3, readdirSync(folder).join());
    await writePattern(await contentFile(host, 'odd-two'), 7, '0');
    await host.run('done', 'checkpoint', 'odd-two', 'again', '--style', 'external', '--kind', 'offline');
    assert.match(await host.run('done', 'doctor', 'odd-two'), /No problems found/u);
    await holds(await contentFile(host, 'odd', 'two'), 2, '0');
    const words = ['--from', repository, '--folder', dir, '--as', 'none', '--snapshot', 'four'];
    await host.run('notFound', 'restore', id, ...words);
  });

  it('goes back to its tag in an image, not to that of another ID', async () => {
    const base = await makeImage(join(dir, 'inside', 'base.qcow2'));
    await writePattern(base, 5, '4M');
    const image = await makeImage(join(dir, 'inside', 'top.qcow2'), '-F', 'qcow2', '-b', base);
    await define('inside', image);
    // QEMU gives the IDs 1 and 2 in this order.
    for (const [pattern, name] of [
      [2, '2'],
      [1, '1'],
    ] as const) {
      await writePattern(image, pattern, '0');
      await host.rig.virsh('snapshot-create-as', 'inside', name);
    }
    await writePattern(image, 9, '0');
    const id = await backUp('inside');
    for (const name of ['1', '2']) {
      await restore(id, name, `inside-${name}`);
      const file = await contentFile(host, `inside-${name}`);
      await holds(file, Number(name), '0');
      await holds(file, 5, '4M');
      assert.doesNotMatch(await runTool('qemu-img', 'snapshot', '-l', file), /\d{4}-\d{2}/u);
    }
  });

  it('has the UEFI variables of then, a generation ID of its own, and says which disks it lacks', async () => {
    const [first, second] = [await makeImage(join(dir, 'a.qcow2')), await makeImage(join(dir, 'b.qcow2'))];
    await define('flash', first, second);
    const variables = join(dir, 'flash_VARS.fd');
    writeFileSync(variables, 'then'.repeat(1_024));
    const loader = '<loader readonly="yes" type="pflash">/usr/share/seabios/bios-256k.bin</loader>';
    await change('flash', '</os>', `${loader}<nvram>${variables}</nvram></os><features><acpi/></features>`);
    await change('flash', '</uuid>', '</uuid><genid>11111111-2222-4333-8444-555555555555</genid>');
    await host.rig.engine.refresh({ connection: host.rig.uri });
    await host.run('done', 'checkpoint', 'flash', 'then', '--style', 'external', '--without', 'vdb');
    writeFileSync(variables, 'now!'.repeat(1_024));
    await writePattern(second, 6, '0');
    const id = await backUp('flash');
    const words = ['--from', repository, '--folder', join(dir, 'flash'), '--snapshot', 'then', '--as', 'flash-then'];
    const { restored } = await host.json<{ restored: { notHeld: readonly string[] } }>('restore', id, ...words);
    assert.deepEqual(restored.notHeld, ['vdb']);
    assert.match(readFileSync(join(dir, 'flash', 'flash-then', 'flash_VARS.fd'), 'utf8'), /^then/u);
    const xml = await host.rig.virsh('dumpxml', 'flash-then');
    assert.match(xml, /<genid>/u);
    assert.doesNotMatch(xml, /11111111-2222/u);
    await holds(join(dir, 'flash', 'flash-then', 'b.qcow2'), 6, '0');
  });

  it('starts at once where it is wanted, apart from all networks', async () => {
    const image = await makeImage(join(dir, 'net.qcow2'));
    const key = join(dir, 'key');
    await define('net', image);
    const card = '<interface type="user"><mac address="52:54:00:00:00:07"/></interface>';
    const shared = `<filesystem><source dir="${dir}"/><target dir="host"/></filesystem>`;
    const label = '<seclabel type="none" model="dac"/>';
    const others =
      '<graphics type="vnc" port="-1" autoport="yes" listen="0.0.0.0"/><rng model="virtio"><backend model="random">/dev/random</backend></rng>' +
      `<serial type="file"><source path="${dir}/serial"/></serial><input type="tablet" bus="usb"/>` +
      '<channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel>' +
      `<disk type="file" device="cdrom"><source file="${key}"/><target dev="sdz" bus="scsi"/><readonly/></disk>`;
    await change('net', '</devices>', `${card}${shared}${others}</devices>${label}`);
    await host.rig.engine.refresh({ connection: host.rig.uri });
    await host.run('done', 'checkpoint', 'net', 'off', '--style', 'external', '--kind', 'offline');
    await restore(await backUp('net'), 'off', 'net-apart', '--isolated', '--start');
    assert.equal(await host.rig.virsh('domstate', 'net-apart'), 'running');
    const xml = await host.rig.virsh('dumpxml', 'net-apart');
    assert.match(xml, /<link state='down'\/>/u);
    assert.doesNotMatch(xml, /<filesystem|52:54:00:00:00:07|type='file'><source path|0\.0\.0\.0|'none' model='dac'/u);
    assert.ok(!xml.includes(key));
    await host.rig.virsh('destroy', 'net-apart');
  });
});
