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
import { Failure } from '../../src/domain/failure.js';
import type { VmRef } from '../../src/domain/vm.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { Journal } from '../../src/journal/journal.js';
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

  describe('with bursts', () => {
    /** Somebody's own: a burst with its length, and a group that has one for writes. */
    const own = {
      vda: {},
      vdb: { total_iops_sec: 500, total_iops_sec_max: 900, total_iops_sec_max_length: 10 },
      vdc: { write_bytes_sec: 5_000_000, write_bytes_sec_max: 9_000_000, write_bytes_sec_max_length: 7 },
    };
    const slow = { total_bytes_sec: 125_829_120, total_iops_sec: 120 };
    let engine: Engine;
    let ref: VmRef;

    const disks = async (): Promise<unknown> => (await engine.guests.tuningOf(ref)).disks;
    const open = async (): Promise<Engine> => {
      const opened = new Engine({
        open: libvirtHypervisor(silentLog, daemon.env),
        log: silentLog,
        recovers: 'beforeOperations',
        journal: { folder: join(daemon.dir, 'state', 'journal') },
      });
      opened.setConnections([daemon.uri]);
      await opened.connect(daemon.uri);
      return opened;
    };

    before(async () => {
      const folder = join(daemon.dir, 'two');
      await OracleVm.define(daemon, { name: 'two', disks: ['qcow2', 'qcow2', 'qcow2'], diskMiB: 4, folder });
      const set = async (disk: string, limits: object): Promise<unknown> =>
        virsh(
          ...['blkdeviotune', 'two', disk, '--config'],
          ...Object.entries(limits).flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, String(value)]),
        );
      await set('vdb', own.vdb);
      await set('vdc', { ...own.vdc, 'group-name': 'shared' });
      await virsh('start', 'two');
      engine = await open();
      ref = engine.findVms('two')[0]!.ref;
    });
    after(() => engine.dispose());
    beforeEach(async () => {
      await engine.refresh();
      assert.deepEqual(await disks(), own);
    });

    it('is set for all disks, and undone to each limit', async () => {
      for (const [like, limits] of [
        ['hard-disk', slow],
        ['full', {}],
      ] as const) {
        await cli('done', 'speed', 'two', '--like', like);
        assert.deepEqual(await disks(), { vda: limits, vdb: limits, vdc: limits });
        await cli('done', 'undo', 'two', '--yes');
        assert.deepEqual(await disks(), own);
      }
    });

    it('is as it was where QEMU refuses one of them', async () => {
      const log = (await engine.readLog(ref)).length;
      const to = {
        disks: { vda: slow, vdb: slow, vdc: { total_iops_sec: 7, total_iops_sec_max_length: 9 } },
        networks: {},
      };
      await assert.rejects(
        engine.runOperation({ kind: 'speed', vm: ref, to }),
        (error) => error instanceof Failure && error.kind === 'failed' && error.details.recovered === 'before',
      );
      assert.deepEqual(await disks(), own);
      assert.equal((await engine.readLog(ref)).length, log, 'nothing is to be undone');
    });

    for (const how of ['some', 'all', 'another'] as const) {
      it(`is brought to its end after a kill: ${how}`, async () => {
        const to = { disks: { vda: slow, vdb: slow, vdc: slow }, networks: {} };
        const request = { kind: 'speed', vm: ref, to } as const;
        const decided = await engine.plan(request);
        assert.ok(decided.kind === 'plan');
        const { losses: _, warnings: __, ...plan } = decided;
        const journal = new Journal(join(daemon.dir, 'state', 'journal'), silentLog);
        const { connection, uuid } = ref;
        const vm = { uuid, name: 'two' };
        const entry = await journal.begin({ connection, vm, request: plan.request, plan });
        await entry.markBegun(0);
        const set = (disk: string, iops: number): Promise<string> =>
          virsh(
            ...['blkdeviotune', 'two', disk, '--live', '--total-iops-sec', String(iops)],
            ...['--total-bytes-sec', how === 'another' ? '0' : '125829120'],
            ...(disk === 'vdb' ? ['--total-iops-sec-max', '0', '--total-iops-sec-max-length', '1'] : []),
            ...(disk === 'vdc'
              ? '--write-bytes-sec 0 --write-bytes-sec-max 0 --write-bytes-sec-max-length 1'.split(' ')
              : []),
          );
        await set('vda', how === 'another' ? 33 : 120);
        await (how === 'all' && set('vdb', 120));
        await (how === 'all' && set('vdc', 120));
        await entry.leave();
        const next = await open();
        try {
          const [found] = await next.readInterrupted(ref);
          const { recovery } = found!;
          assert.equal(
            recovery.kind === 'explain' ? recovery.why.reason : recovery.to,
            how === 'all' ? 'after' : 'before',
          );
          await next.finishInterrupted(ref, [
            { id: found!.id, steps: recovery.kind === 'steps' ? recovery.plan.steps : [] },
          ]);
        } finally {
          next.dispose();
        }
        const ends = { some: own, all: to.disks, another: { ...own, vda: { total_iops_sec: 33 } } };
        assert.deepEqual(await disks(), ends[how]);
        if (how !== 'some') {
          await engine.runOperation({ kind: 'speed', vm: ref, to: { disks: own, networks: {} } });
        }
      });
    }
  });

  it('is undone to the group in which disks have their limits together', async () => {
    const folder = join(daemon.dir, 'together');
    await OracleVm.define(daemon, { name: 'together', disks: ['qcow2', 'qcow2', 'qcow2'], diskMiB: 4, folder });
    for (const disk of ['vda', 'vdb']) {
      await virsh('blkdeviotune', 'together', disk, '--config', '--total-iops-sec', '500', '--group-name', 'both');
    }
    await virsh('start', 'together');
    const seen = async (): Promise<readonly (string | undefined)[]> => {
      const said = ['vda', 'vdb', 'vdc'].map((disk) => virsh('blkdeviotune', 'together', disk, '--live'));
      return (await Promise.all(said)).map((text) =>
        text
          .split('\n')
          .map((line) => line.replaceAll(/\s+/gu, ''))
          .filter((line) => /^total_iops_sec:[1-9]|^group_name:both/u.test(line))
          .join(),
      );
    };
    const before = await seen();
    assert.deepEqual(before, ['total_iops_sec:500,group_name:both', 'total_iops_sec:500,group_name:both', '']);
    for (const like of ['full', 'memory-card']) {
      await cli('done', 'speed', 'together', '--like', like);
      await cli('done', 'undo', 'together', '--yes');
      assert.deepEqual(await seen(), before, like);
    }
    await virsh('destroy', 'together');
  });

  it('is refused where libvirt has no limits for it, and of a VM that is off', async () => {
    // A network of QEMU itself.
    assert.match(await cli('refused', 'speed', 'slow', '--like', 'phone'), /no disk or network/u);
    await virsh('destroy', 'slow');
    assert.match(await cli('refused', 'speed', 'slow', '--like', 'hard-disk'), /is off/u);
    assert.match(await cli('refused', 'speed', 'slow'), /is off/u);
  });
});
