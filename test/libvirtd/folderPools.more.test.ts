// Folders that are large, silent, gone, or left with a pool of ours, on a real daemon. The silent one is a file system
// of which nobody answers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { openConnection } from '../../src/libvirt/connect.js';
import type { Connection } from '../../src/libvirt/connection.js';
import type { ProcedureName } from '../../src/libvirt/procedures.js';
import { FolderPools, FolderSilent } from '../../src/driver/files/folderPools.js';
import { storageFiles } from '../../src/driver/files/storageFiles.js';
import { silentLog } from '../silentLog.js';
import { Failure } from '../../src/domain/failure.js';
import type { HostFiles } from '../../src/domain/hostFiles.js';
import type { Daemon } from './engineRig.js';

const isRoot = process.getuid?.() === 0;
const tenMinutes = 10 * 60_000;

describe('a folder of the host', () => {
  let dir: string;
  let daemon: Daemon;
  /** The process of the file system that does not answer. */
  let fuse: number | undefined;
  let folder: string;
  let number = 0;

  before(async () => {
    dir = await mkdtemp('/tmp/vp-');
    await mkdir(join(dir, 'hangs'));
    // Before the daemon: what is mounted later is not in its namespace.
    if (isRoot && existsSync('/dev/fuse')) {
      fuse = openSync('/dev/fuse', 'r+');
      const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
      const args = ['-i', '-t', 'fuse', '-o', options, 'hangs', join(dir, 'hangs')];
      const { status } = spawnSync('mount', args, { stdio: ['ignore', 'ignore', 'inherit', fuse] });
      assert.equal(status, 0);
    }
    daemon = await startPrivateDaemon({ dir });
  });
  after(async () => {
    if (fuse !== undefined) {
      closeSync(fuse);
      await runOk('umount', [join(dir, 'hangs')]);
    }
    await daemon.stop();
    await rm(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    number += 1;
    folder = join(dir, `f${String(number)}`);
    await mkdir(folder);
  });
  afterEach(async () => {
    assert.deepEqual(await ourPools(), [], 'no pool is left behind');
  });

  const ourPools = async (): Promise<readonly string[]> =>
    (await daemon.virsh(['pool-list', '--all', '--name'])).stdout.split('\n').filter((name) => name.includes('rewind'));

  interface Times {
    readonly patience?: number;
    readonly now?: () => number;
    readonly before?: (procedure: ProcedureName) => Promise<void>;
  }
  const poolsWith = ({ before: act = () => Promise.resolve(), ...times }: Times = {}): FolderPools => {
    const open = async (): Promise<Connection> => {
      const connection = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
      const call = connection.call.bind(connection);
      connection.call = async (procedure, args, options) => {
        await act(procedure);
        return call(procedure, args, options);
      };
      return connection;
    };
    return new FolderPools(open, (connection) => connection.close(), silentLog, times);
  };
  const filesWith = (times: Times = {}): HostFiles =>
    storageFiles({
      uri: daemon.uri,
      pools: poolsWith(times),
      storage: 'usable',
      daemon: isRoot ? 'system' : 'session',
    });
  /** As an editor that died before it ended its pool. */
  const leavePool = async (path: string): Promise<void> => {
    const dying = poolsWith({
      before: (procedure) =>
        procedure === 'storagePoolDestroy' ? Promise.reject(new Error('as if it had died')) : Promise.resolve(),
    });
    await dying.look(path, () => Promise.resolve());
    assert.equal((await ourPools()).length, 1);
  };

  it('with very many files is listed as a whole or not at all, and each of them is found', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `f${String(index)}`);
    for (const name of names) {
      await writeFile(join(folder, name), '');
    }
    const files = filesWith();
    const began = performance.now();
    assert.equal((await files.list(folder)).length, 10_000);
    process.stdout.write(`      10,000 files: ${String(Math.round(performance.now() - began))} ms\n`);
    await writeFile(join(folder, 'one more'), 'x');
    assert.equal(await files.list(folder), 'tooMany');
    // More than libvirt passes on at all.
    for (let index = 0; index < 7_000; index++) {
      await writeFile(join(folder, `g${String(index)}`), '');
    }
    assert.equal(await files.list(folder), 'unseen');
    assert.deepEqual(await files.file(join(folder, 'one more')), { bytes: 1, allocatedBytes: 4096 });
  });

  it('that is gone is told as such, also when a pool was left over it', async () => {
    await leavePool(folder);
    await rm(folder, { recursive: true });
    const files = filesWith();
    assert.deepEqual(await files.list(folder), isRoot ? [] : 'unseen');
    await assert.rejects(
      files.createOverlay({ file: join(folder, 'a'), backing: join(folder, 'b'), backingFormat: 'raw' }),
    );
    const act = await files.canAct(folder);
    assert.ok(act !== 'yes');
    assert.equal(act.why, 'folderMissing');
  });

  it('that goes while it is looked at is told as such', async () => {
    await writeFile(join(folder, 'a'), '');
    const files = filesWith({
      before: async (procedure) => {
        if (procedure === 'storagePoolRefresh') {
          await rm(folder, { recursive: true, force: true });
        }
      },
    });
    const seen = await files.file(join(folder, 'a'));
    assert.ok(seen === 'missing' || seen === 'unknown', JSON.stringify(seen));
  });

  it('that nobody needs any more keeps no pool of an editor that died', async () => {
    const other = join(dir, `o${String(number)}`);
    await mkdir(other);
    await leavePool(folder);
    let now = 0;
    const pools = poolsWith({ now: () => now });
    await pools.look(other, () => Promise.resolve());
    now = tenMinutes - 1;
    await pools.look(other, () => Promise.resolve());
    assert.equal((await ourPools()).length, 1, 'another editor may use it');
    now = tenMinutes;
    await pools.look(other, () => Promise.resolve());
  });

  it('whose pool another editor ends in between is served all the same', async () => {
    let ended = 0;
    const files = filesWith({
      before: async (procedure) => {
        if (procedure === 'storageVolLookupByName' && ended++ === 0) {
          await daemon.virsh(['pool-destroy', (await ourPools())[0] ?? '']);
        }
      },
    });
    await writeFile(join(folder, 'a'), 'x');
    assert.equal(typeof (await files.file(join(folder, 'a'))), 'object');
    assert.equal(ended, 2);
  });

  const theirPool = (verb: string, ...more: readonly string[]): Promise<string> =>
    virshOk(daemon.virsh, `pool-${verb}`, `theirs-${String(number)}`, ...more);
  const isActive = async (): Promise<boolean> => /^State: +running/mu.test(await theirPool('info'));
  for (const procedure of ['storagePoolRefresh', 'storageVolLookupByName', 'storageVolCreateXml'] as const) {
    it(`of a user's pool, ended before ${procedure} by who had started it, is served all the same`, async () => {
      await theirPool('define-as', 'dir', '--target', folder);
      await theirPool('start');
      let asked = 0;
      const files = filesWith({
        before: async (name) => {
          if (name === procedure && asked++ === 0) {
            await theirPool('destroy');
          }
        },
      });
      await writeFile(join(folder, 'a'), 'x'.repeat(512));
      await files.createOverlay({ file: join(folder, 'b'), backing: join(folder, 'a'), backingFormat: 'raw' });
      assert.ok(existsSync(join(folder, 'b')));
      assert.equal(await isActive(), false);
      await theirPool('undefine');
    });
  }

  it("of a user's pool that somebody else starts first stays theirs", async () => {
    await theirPool('define-as', 'dir', '--target', folder);
    await writeFile(join(folder, 'a'), 'x');
    const files = filesWith({
      before: async (name) => {
        if (name === 'storagePoolCreate') {
          await theirPool('start');
        }
      },
    });
    assert.equal(typeof (await files.file(join(folder, 'a'))), 'object');
    assert.equal(await isActive(), true);
    await theirPool('destroy');
    await theirPool('undefine');
  });

  it('that does not answer is given up after a while, and no pool stays when it answers again', async function () {
    if (fuse === undefined) {
      process.stdout.write('      skipped: only root can mount a file system that does not answer\n');
      this.skip();
    }
    const link = join(dir, 'link');
    await symlink(folder, link);
    await leavePool(link);
    await rm(link);
    await symlink(join(dir, 'hangs'), link);
    const pools = poolsWith({ patience: 2_000 });
    const access = { uri: daemon.uri, pools, storage: 'usable', daemon: 'system' } as const;
    const files = storageFiles(access);
    let calls = 0;
    const count = (): Promise<void> => {
      calls += 1;
      return Promise.resolve();
    };
    const counted = poolsWith({ patience: 2_000, before: count });
    assert.equal(await files.list(link), 'unseen');
    // All who come meanwhile do not wait one after the other.
    const act = await files.canAct(link);
    assert.ok(act !== 'yes');
    assert.equal(act.why, 'silent');
    await assert.rejects(
      files.remove(join(link, 'a')),
      (error) => error instanceof Failure && error.details.libvirtMessage?.includes(link) === true,
    );
    await assert.rejects(
      counted.use(link, () => Promise.resolve()),
      FolderSilent,
    );
    const before = calls;
    await assert.rejects(
      counted.use(link, () => Promise.resolve()),
      FolderSilent,
    );
    assert.equal(calls, before);
    const others = await filesWith({ patience: 2_000 }).canAct(folder);
    process.stdout.write(`      another folder meanwhile: ${JSON.stringify(others)}\n`);
    closeSync(fuse);
    fuse = undefined;
    await runOk('umount', [join(dir, 'hangs')]);
    await rm(link);
    await pools.look(folder, () => Promise.resolve());
  });
});
