// Images of a host behind the real ssh and a real sshd as disks, and what stays there.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import type { HostLogin } from '../../src/hosts/hostLogin.js';
import { DiskError } from '../../src/wings/inside/bytes/disk.js';
import { serveThere } from '../../src/wings/inside/bytes/servedThere.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './engineRig.js';
import { makeSshHost, type SshHost } from './sshRig.js';

const never = new AbortController().signal;

describe('the disks of a host behind ssh', () => {
  let daemon: Daemon;
  let far: SshHost;
  let hypervisor: Hypervisor;
  let file: string;

  before(async () => {
    daemon = await startPrivateDaemon();
    far = await makeSshHost(daemon);
    file = join(daemon.dir, 'a disk, with a comma');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '8M']);
    await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 1M 64k', file]);
    const environment = { ...daemon.env, PATH: process.env['PATH'], XDG_RUNTIME_DIR: daemon.dir };
    hypervisor = await libvirtHypervisor(silentLog, environment)(far.uri(), never);
  });
  after(async () => {
    hypervisor.close();
    await far.logOut();
    await daemon.stop();
  });

  const login = async (): Promise<HostLogin> => {
    const found = await hypervisor.openHost('toRead');
    assert.ok(found);
    return found;
  };

  /** Neither a server nor its socket. */
  async function untilNothingStays(folders: readonly string[]): Promise<void> {
    while ((await run('pgrep', ['-f', file])).code === 0);
    while ((await foldersOf()).some((name) => !folders.includes(name)));
  }

  async function foldersOf(): Promise<readonly string[]> {
    const names = (await readdir(tmpdir())).filter((name) => name.startsWith('tmp.'));
    const own = await Promise.all(
      names.map(async (name) => [name, await readdir(join(tmpdir(), name)).catch((): string[] => [])] as const),
    );
    return own.filter(([, inside]) => inside.includes('disk')).map(([name]) => name);
  }

  it('are read, and nothing stays there when they are closed', async () => {
    const before = await foldersOf();
    const disk = await serveThere({ file, format: 'qcow2' }, await login(), never);
    assert.equal(disk.bytes, 8 * 1024 * 1024);
    assert.ok((await disk.read(1024 * 1024, 65_536)).every((byte) => byte === 7));
    disk.close();
    await untilNothingStays(before);
  });

  it('end with what the host says where an image is not there', async () => {
    const before = await foldersOf();
    await assert.rejects(
      serveThere({ file: `${file} no more`, format: 'qcow2' }, await login(), never),
      (error) => error instanceof DiskError && error.message.includes('No such file'),
    );
    await untilNothingStays(before);
  });

  it('are not read where the login leads to another host', async () => {
    const before = await foldersOf();
    const elsewhere = { ...(await login()), hostname: 'elsewhere' };
    await assert.rejects(serveThere({ file, format: 'qcow2' }, elsewhere, never), DiskError);
    await untilNothingStays(before);
  });

  it('end with the login, and nothing stays there', async () => {
    const before = await foldersOf();
    const disk = await serveThere({ file, format: 'qcow2' }, await login(), never);
    await far.logOut();
    await assert.rejects(disk.read(0, 512), DiskError);
    await untilNothingStays(before);
  });
});
