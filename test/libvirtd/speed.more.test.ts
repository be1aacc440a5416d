// The disks and networks of a running VM slowed down: undone, and ended by a revert and a stop.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { readDirtyRate } from '../../src/driver/guest/dirtyRate.js';
import { openConnection } from '../../src/libvirt/connect.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './engineRig.js';

describe('the speed of a VM', () => {
  let daemon: Daemon;
  let door: string;

  const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const child = spawn(process.execPath, [door, ...words], {
      env: {
        ...daemon.env,
        VIRT_REWIND_STATE: join(daemon.dir, 'state'),
        LIBVIRT_DEFAULT_URI: daemon.uri,
        LC_ALL: 'C',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (data) => (out += String(data)));
    child.stderr.on('data', (data) => (out += String(data)));
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${out}`);
    return out;
  };
  const virsh = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.virsh(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  /** What is limited, as virsh says it. */
  const limits = async (where: '--live' | '--config'): Promise<readonly string[]> =>
    (await virsh('blkdeviotune', 'slow', 'vda', where))
      .split('\n')
      .map((line) => line.replaceAll(/\s+/gu, ''))
      .filter((line) => /^\w+_sec\w*:[1-9]/u.test(line))
      .filter((line) => !line.includes('_length'));

  before(async () => {
    daemon = await startPrivateDaemon();
    door = await buildDoor('commandLine', join(daemon.dir, 'program'));
    await mkdir(join(daemon.dir, 'state'));
    await OracleVm.define(daemon, { name: 'slow', disks: ['qcow2'], diskMiB: 4, folder: join(daemon.dir, 'slow') });
    await writeFile(join(daemon.dir, 'net.xml'), `<interface type='user'><model type='virtio'/></interface>`);
    await virsh('attach-device', 'slow', join(daemon.dir, 'net.xml'), '--config');
    // Somebody's own.
    await virsh('blkdeviotune', 'slow', 'vda', '--config', '--read-iops-sec', '77', '--read-iops-sec-max', '99');
    await virsh('start', 'slow');
  });
  after(() => daemon.stop());

  it('of writes to its RAM is measured by samples, and nothing of it changes', async () => {
    const connection = await openConnection(daemon.uri, { environment: daemon.env, log: silentLog });
    try {
      const uuid = (await virsh('domuuid', 'slow')).trim();
      const rate = await readDirtyRate(connection, uuid);
      assert.ok(rate !== undefined && rate >= 0, String(rate));
      assert.match(await virsh('domstats', 'slow', '--dirtyrate'), /calc_mode=page-sampling/u);
      assert.equal((await virsh('domstate', 'slow')).trim(), 'running');
    } finally {
      connection.close();
    }
  });

  it('is set, told, undone to what somebody else had set, and ends with a revert and when it is off', async () => {
    const own = ['read_iops_sec:77', 'read_iops_sec_max:99'];
    assert.match(await cli('done', 'speed', 'slow'), /set elsewhere/u);
    await cli('done', 'checkpoint', 'slow', 'before');
    await cli('done', 'speed', 'slow', '--like', 'hard-disk');
    assert.deepEqual(await limits('--live'), ['total_bytes_sec:125829120', 'total_iops_sec:120']);
    assert.deepEqual(await limits('--config'), own);
    assert.match(await cli('done', 'speed', 'slow'), /spinning disk/u);
    assert.match(await cli('done', 'history', 'slow'), /speed/u);

    await cli('done', 'undo', 'slow', '--yes');
    assert.deepEqual(await limits('--live'), own);
    await cli('done', 'redo', 'slow', '--yes');
    assert.deepEqual(await limits('--live'), ['total_bytes_sec:125829120', 'total_iops_sec:120']);

    await cli('done', 'revert', 'slow', 'before', '--yes');
    assert.deepEqual(await limits('--live'), own);

    await cli('done', 'speed', 'slow', '--like', 'full');
    assert.deepEqual(await limits('--live'), []);
    const { limits: told } = JSON.parse(await cli('done', 'speed', 'slow', '--json')) as { limits: unknown };
    assert.deepEqual(told, { disks: { vda: {} }, networks: {} });
    await virsh('destroy', 'slow');
    await virsh('start', 'slow');
    assert.deepEqual(await limits('--live'), own);
  });

  it('is refused where libvirt has no limits for it, and of a VM that is off', async () => {
    // A network of QEMU itself.
    assert.match(await cli('refused', 'speed', 'slow', '--like', 'phone'), /no disk or network/u);
    await virsh('destroy', 'slow');
    await cli('refused', 'speed', 'slow', '--like', 'hard-disk');
  });
});
