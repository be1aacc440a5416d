// Files of a host behind the real ssh and a real sshd, seen and changed over the login of the connection.
import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { findProgram, run, runOk } from '../../scripts/rig/run.mjs';
import type { HostFiles } from '../../src/domain/hostFiles.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { localFiles } from '../../src/driver/files/directFiles.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './engineRig.js';
import { makeSshHost, type SshHost } from './sshRig.js';

const never = new AbortController().signal;
const ignore = (): void => undefined;

describe('files of a host behind ssh', () => {
  let daemon: Daemon;
  let far: SshHost;
  const opened: Hypervisor[] = [];
  const at = (name: string): string => join(daemon.dir, name);
  const img = (...args: readonly string[]): Promise<string> => runOk('qemu-img', args);
  const write = (name: string, ...commands: readonly string[]): Promise<string> =>
    runOk('qemu-io', ['-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), at(name)]);
  const files = async (uri = far.uri()): Promise<HostFiles> => {
    const environment = { ...daemon.env, PATH: process.env['PATH'], XDG_RUNTIME_DIR: daemon.dir };
    const hypervisor = await libvirtHypervisor(silentLog, environment)(uri, never);
    opened.push(hypervisor);
    return hypervisor.nearbyFiles!;
  };
  /** What another program locks cannot be opened. */
  const untilFree = async (name: string): Promise<void> => {
    while ((await run('qemu-io', ['-f', 'qcow2', '-c', 'flush', at(name)])).code !== 0);
  };

  before(async () => {
    daemon = await startPrivateDaemon();
    far = await makeSshHost(daemon);
  });
  beforeEach(async () => {
    await img('create', '-q', '-f', 'qcow2', at('base'), '64M');
    await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('base'), at('top'));
    await write('top', 'write -P 7 0 32M');
  });
  afterEach(async () => {
    opened.splice(0).forEach((hypervisor) => hypervisor.close());
    await far.logOut();
    await far.configureServer();
  });
  after(() => daemon.stop());

  it('are seen and changed in the only session beside libvirt’s', async () => {
    await far.configureServer('MaxSessions 2');
    const before = await far.logins();
    const theirs = await files();
    const rest = { top: at('top'), base: at('base') };
    const merged = theirs.commit(rest, never, ignore);
    const seen = await Promise.all([theirs.image(at('base')), theirs.copy(at('base'), at('copy'), 'keep'), merged]);
    assert.equal(typeof seen[0], 'object');
    await theirs.remove(at('copy'));
    await write('base', 'read -P 7 0 32M');
    assert.equal((await far.logins()) - before, 1);
  });

  it('are not called missing where the host allows no session for them', async () => {
    await far.configureServer('MaxSessions 1');
    const before = await far.logins();
    const theirs = await files();
    assert.equal(await theirs.image(at('top')), 'unknown');
    const can = await theirs.canAct(daemon.dir);
    assert.equal(can === 'yes' ? can : can.why, 'noSession');
    assert.equal((await far.logins()) - before, 1);
  });

  it('are the same as there, over one login', async () => {
    const before = await far.logins();
    const [theirs, own] = [await files(), localFiles(process.env)];
    for (const path of [at('base'), at('top'), at('gone'), '/proc/locks']) {
      assert.deepEqual(await theirs.image(path), await own.image(path));
      assert.deepEqual(await theirs.identity(path), await own.identity(path));
    }
    await theirs.copy(at('base'), at('copy'), 'keep');
    await theirs.remove(at('copy'));
    assert.equal((await far.logins()) - before, 1);
  });

  it('are seen as locked by a VM that runs', async () => {
    await defineDiskVm(daemon, 'web', [{ file: at('top'), format: 'qcow2' }]);
    await daemon.virsh(['start', 'web']);
    const seen = await files();
    const [top, locks] = [await seen.file(at('top')), await seen.imageLocks()];
    assert.ok(typeof top === 'object' && locks?.written.has(top.real ?? ''));
    await daemon.virsh(['destroy', 'web']);
  });

  it('are as they were when the connection ends while a layer is merged', async () => {
    let ended: Promise<void> | undefined;
    const merging = (await files()).commit(
      { top: at('top'), base: at('base'), bytesPerSecond: 1024 * 1024 },
      never,
      () => {
        ended ??= far.logOut();
      },
    );
    await assert.rejects(merging, { kind: 'lost' });
    await untilFree('base');
    await write('top', 'read -P 7 0 32M');
    await (await files()).commit({ top: at('top'), base: at('base') }, never, ignore);
    await write('base', 'read -P 7 0 32M');
  });

  it('are not there half when it ends while an image is copied', async () => {
    let ended: Promise<void> | undefined;
    const copying = (await files()).copyImage(
      { file: at('new'), from: at('top'), fromFormat: 'qcow2' },
      never,
      () => {
        ended ??= far.logOut();
      },
      () => Promise.resolve(ended),
    );
    await assert.rejects(copying, { kind: 'lost' });
    await ended;
    await untilFree('top');
    assert.ok(!(await readdir(daemon.dir)).includes('new'));
  });

  it('are told as what they are where the disk is full', async () => {
    const small = at('small');
    await mkdir(small, { recursive: true });
    await runOk('mount', ['-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', small]);
    try {
      const theirs = await files();
      const copy = { from: at('top'), fromFormat: 'qcow2', file: join(small, 'new') };
      await assert.rejects(theirs.copyImage(copy, never, ignore), { kind: 'noSpace' });
      await assert.rejects(theirs.copy(at('top'), join(small, 'new'), 'keep'), { kind: 'noSpace' });
      assert.deepEqual(await readdir(small), []);
    } finally {
      await runOk('umount', [small]);
    }
  });

  it('are not changed without qemu-img there', async () => {
    // For this server alone, which has mounts of its own.
    const hide = `mount --bind /dev/null ${(await findProgram('qemu-img'))!}`;
    await far.configureServer(`ForceCommand ${hide}; eval "$SSH_ORIGINAL_COMMAND"`);
    assert.deepEqual(await (await files()).canAct(daemon.dir), { why: 'noQemuImg' });
  });

  it('are out of reach where the login has no shell', async () => {
    await far.configureServer(
      'ForceCommand case "$SSH_ORIGINAL_COMMAND" in *virt-ssh-helper*) eval "$SSH_ORIGINAL_COMMAND";; *) exit 1;; esac',
    );
    const theirs = await files();
    assert.equal(await theirs.image(at('top')), 'unknown');
    const can = await theirs.canAct(daemon.dir);
    assert.equal(typeof can === 'object' && can.why, 'otherHost');
  });

  it('are found when the connection was lost and is there again', async () => {
    const theirs = await files();
    assert.equal(typeof (await theirs.file(at('top'))), 'object');
    await far.logOut();
    assert.equal(typeof (await theirs.file(at('top'))), 'object');
  });
});
