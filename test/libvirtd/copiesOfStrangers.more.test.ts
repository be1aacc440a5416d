// Backups, exports and their RAM that somebody else wrote: nothing of the host is opened or run, and it is said before.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { faultsOf } from '../answerFaults.js';
import { type CopiesHost, startCopiesHost, writePattern } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

interface Told {
  readonly leftOut: readonly string[];
  readonly ofHost: readonly string[];
  readonly ramInDoubt: readonly string[];
}

const qemuNames = 'http://libvirt.org/schemas/domain/qemu/1.0';
const name = 'web';

describe('a copy of a stranger', () => {
  let host: CopiesHost;
  let dir: string;
  let honest: string;
  let evil: string;
  let secret: string;
  let ran: string;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    [evil, secret, ran] = [join(dir, 'evil.sh'), join(dir, 'secret'), join(dir, 'ran')];
    writeFileSync(evil, `#!/bin/sh\necho ran >>${ran}\nexec /usr/bin/qemu-system-x86_64 "$@"\n`, { mode: 0o755 });
    writeFileSync(secret, 'x'.repeat(65_536));
    const image = join(dir, 'web.qcow2');
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M');
    await writePattern(image, 1, '0');
    await defineDiskVm(host.rig, name, [{ file: image, format: 'qcow2' }]);
    await host.run('done', 'start', name);
    await host.run('done', 'checkpoint', name, 'ram', '--kind', 'memory', '--style', 'external');
    await host.rig.virsh('destroy', name);
    await host.run('done', 'export', name, '--to', join(dir, 'exports'));
    honest = join(dir, 'exports', name);
    await host.rig.virsh('undefine', name, '--snapshots-metadata');
  });
  after(() => host.rig.stop());
  afterEach(async () => {
    for (const vm of (await host.rig.virsh('list', '--all', '--name')).split('\n').filter((one) => one !== '')) {
      await host.rig.virsh('destroy', vm).catch(() => undefined);
      await host.rig.virsh('undefine', vm, '--snapshots-metadata', '--nvram').catch(() => undefined);
    }
    rmSync(join(dir, 'restored'), { recursive: true, force: true });
    rmSync(ran, { force: true });
  });

  interface Manifest {
    definition: string;
    snapshots: { xml: string }[];
    files: { role: string; place?: string; sha256?: string }[];
  }

  /** A copy whose manifest, and files, are changed. */
  function lie(change: (manifest: Manifest, folder: string) => void): string {
    const folder = join(dir, 'lie');
    rmSync(folder, { recursive: true, force: true });
    cpSync(honest, folder, { recursive: true });
    const file = join(folder, 'virt-rewind-backup.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    change(manifest, folder);
    writeFileSync(file, JSON.stringify(manifest));
    // Nothing keeps a stranger from the sums either.
    rmSync(join(folder, 'SHA256SUMS'));
    return folder;
  }

  const inDevices = (xml: string, device: string): string => xml.replaceAll('</devices>', `${device}</devices>`);
  const restore = async (copy: string, ...words: readonly string[]): Promise<Told> => {
    const answer = await host.json<{ restored: Told }>('restore', copy, '--folder', join(dir, 'restored'), ...words);
    assert.deepEqual(faultsOf(answer), []);
    return answer.restored;
  };

  /** By what QEMU has open, and what libvirt gave it. */
  function requireNothingOpen(...paths: readonly string[]): void {
    const pids = readdirSync('/proc').filter((pid) => /^\d+$/u.test(pid));
    // Other tests have VMs of that name at the same time.
    const qemus = pids.filter((pid) =>
      [`guest=${name}`, dir].every((word) => readText(`/proc/${pid}/cmdline`).includes(word)),
    );
    assert.equal(qemus.length, 1);
    const [pid = ''] = qemus;
    const open = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return [];
      }
    });
    assert.ok(
      open.some((path) => path.includes('/restored/')),
      open.join(' '),
    );
    for (const path of paths) {
      assert.ok(!open.includes(path), `${path} is open`);
      assert.ok(!readText(`/proc/${pid}/cmdline`).includes(path), `${path} is an argument`);
    }
  }

  function readText(path: string): string {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  }

  it('gives QEMU no arguments, and opens nothing of the host', async () => {
    const drive = `if=ide,file=${secret},format=raw`;
    const devices =
      `<disk type='file' device='cdrom'><source file='${secret}'/><target dev='sda' bus='sata'/></disk>` +
      `<disk type='file' device='floppy'><source file='../../../../../..${secret}'/><target dev='fda' bus='fdc'/></disk>` +
      `<serial type='file'><source path='${secret}.serial'/></serial><vsock model='virtio'><cid auto='no' address='7'/></vsock>` +
      `<channel type='unix'><source mode='bind' path='${dir}/socket'/><target type='virtio' name='x'/></channel>` +
      `<filesystem><source dir='${dir}'/><target dir='host'/></filesystem>` +
      `<graphics type='vnc' port='-1' autoport='yes' listen='0.0.0.0'/>`;
    const copy = lie((manifest) => {
      manifest.definition = inDevices(manifest.definition, devices).replace(
        '</domain>',
        `<commandline xmlns='${qemuNames}'><arg value='-drive'/><arg value='${drive}'/></commandline></domain>`,
      );
    });
    const planned = await host.json<{ restorePlan: Told }>(
      'restore',
      copy,
      '--folder',
      join(dir, 'restored'),
      '--plan',
    );
    assert.deepEqual(faultsOf(planned), []);
    assert.doesNotMatch(await host.rig.virsh('list', '--all', '--name'), /web/u);
    const told = await restore(copy, '--start');
    assert.deepEqual(told.leftOut, planned.restorePlan.leftOut);
    for (const part of [
      'commandline',
      `disk/source ${secret}`,
      'disk/source ..',
      'vsock',
      'filesystem',
      'channel/source',
      'graphics listen=0.0.0.0',
      'serial/source',
    ]) {
      assert.ok(
        told.leftOut.some((one) => one.startsWith(part)),
        `${part} is not told`,
      );
    }
    requireNothingOpen(secret, `${secret}.serial`, `${dir}/socket`);
    assert.ok(!existsSync(`${secret}.serial`));
    assert.doesNotMatch(await host.rig.virsh('dumpxml', name), /commandline|vsock|filesystem|0\.0\.0\.0/u);
  });

  it('runs no emulator but that of the host, of no document', async () => {
    for (const words of [[], ['--isolated'], ['--with-host-parts'], ['--snapshot', 'ram'], ['--as', 'other']]) {
      const copy = lie((manifest) => {
        const change = (xml: string): string => xml.replaceAll(/<emulator>[^<]*</gu, `<emulator>${evil}<`);
        manifest.definition = change(manifest.definition);
        manifest.snapshots = manifest.snapshots.map((one) => ({ ...one, xml: change(one.xml) }));
      });
      const told = await restore(copy, ...words);
      assert.deepEqual(told.leftOut, [`emulator ${evil}`], words.join(' '));
      assert.ok(!existsSync(ran), `${words.join(' ')}: it ran`);
      const vm = words.includes('--as') ? 'other' : name;
      await host.rig.virsh('undefine', vm, '--snapshots-metadata');
      rmSync(join(dir, 'restored'), { recursive: true });
    }
  });

  it('is loaded with RAM as it was, without what stood before the RAM', async () => {
    const told = await restore(honest);
    assert.deepEqual(told, { ...told, leftOut: [], ofHost: [], ramInDoubt: [] });
    await host.run('done', 'revert', name, 'ram', '--yes', '--no-checkpoint');
    assert.equal(await host.rig.virsh('domstate', name), 'running');
    await host.rig.virsh('destroy', name);
    await host.rig.virsh('undefine', name, '--snapshots-metadata');
    rmSync(join(dir, 'restored'), { recursive: true });
    const copy = lie((manifest, folder) => {
      const ram = manifest.files.find(({ role }) => role === 'memory')!;
      const file = join(folder, 'disks', ram.place!);
      const bytes = readFileSync(file);
      const length = bytes.readUInt32LE(20);
      const end = bytes.indexOf(0, 92);
      const xml = bytes
        .toString('utf8', 92, end)
        .replaceAll(/\n\s*/gu, '')
        .replace(/<emulator>[^<]*</u, `<emulator>${evil}<`);
      const cookieAt = bytes.readUInt32LE(32);
      const cookie =
        cookieAt === 0 ? Buffer.alloc(0) : bytes.subarray(92 + cookieAt, bytes.indexOf(0, 92 + cookieAt) + 1);
      const text = Buffer.from(`${xml}\0`);
      const body = Buffer.concat([text, cookie, Buffer.alloc(length - text.length - cookie.length)]);
      bytes.writeUInt32LE(cookieAt === 0 ? 0 : text.length, 32);
      body.copy(bytes, 92);
      chmodSync(file, 0o600);
      writeFileSync(file, bytes);
      ram.sha256 = sha256Of(bytes);
    });
    await restore(copy);
    await host.run('done', 'revert', name, 'ram', '--yes', '--no-checkpoint');
    assert.equal(await host.rig.virsh('domstate', name), 'running');
    assert.ok(!existsSync(ran), 'it ran');
  });

  it('keeps a folder of the host where a person says so', async () => {
    const shared = join(dir, 'shared');
    mkdirSync(shared, { recursive: true });
    const copy = lie((manifest) => {
      manifest.definition = inDevices(
        manifest.definition,
        `<filesystem type='mount' accessmode='mapped'><source dir='${shared}'/><target dir='host'/></filesystem>`,
      );
    });
    const told = await restore(copy, '--with-host-parts');
    assert.deepEqual([told.leftOut, told.ofHost], [[], [`filesystem ${shared}`]]);
    assert.match(await host.rig.virsh('dumpxml', name), /<filesystem/u);
  });

  it('is no VM of ours by its marks', async () => {
    const marks =
      "<metadata><lab:vm xmlns:lab='https://github.com/virt-rewind/virt-rewind/lab-vm' folder='/'/>" +
      "<clone xmlns='urn:virt-rewind:clone:1' of='x' disposable='x'><file>/etc/passwd</file></clone></metadata>";
    const copy = lie((manifest) => {
      manifest.definition = manifest.definition.replace('</domain>', `${marks}</domain>`);
    });
    await restore(copy);
    assert.doesNotMatch(await host.rig.virsh('dumpxml', name), /virt-rewind:clone|lab-vm|passwd/u);
  });
});

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
