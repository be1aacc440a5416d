// The library at a real repository of restic: it lists what the command line lists, and changes nothing there.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../readers.js';
import type { VirtRewind } from '../../src/api/publicApi.js';
import { VirtRewindError } from '../../src/api/virtRewindError.js';
import { thisWriter } from '../../src/journal/writer.js';
import type { BackupInfo, ScheduleInfo } from '../../src/session/publicTypes.js';
import { ScheduleStore } from '../../src/wings/copies/schedules/scheduleStore.js';
import { silentLog } from '../silentLog.js';
import { type CopiesHost, startCopiesHost, writePattern } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

describe('the library at backups', () => {
  const outside = { ...process.env };
  let host: CopiesHost;
  let dir: string;
  let repository: string;
  let rewind: VirtRewind;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    repository = join(dir, 'repository');
    for (const [at, name] of ['web', 'db'].entries()) {
      const image = join(dir, `${name}.qcow2`);
      await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M');
      await writePattern(image, at + 1, '0');
      await defineDiskVm(host.rig, name, [{ file: image, format: 'qcow2' }]);
    }
    await host.run('done', 'backup', 'web', 'db', '--to', repository, '--create');
    await host.rig.virsh('snapshot-create-as', 'web', 'first');
    await host.run('done', 'backup', 'web', '--to', repository);
    Object.assign(process.env, host.env);
    rewind = await connect(host.rig.uri);
  });
  after(async () => {
    await rewind.close();
    process.env = outside;
    await host.rig.stop();
  });

  const listed = async (): Promise<readonly BackupInfo[]> =>
    (await host.json<{ readonly backups: readonly BackupInfo[] }>('backups', '--from', repository)).backups;
  const files = (): readonly string[] => readdirSync(repository, { recursive: true, encoding: 'utf8' }).sort();
  const rejects = (call: () => Promise<unknown>, kind: string, message: RegExp): Promise<void> =>
    assert.rejects(call, (error: unknown) => {
      assert.ok(error instanceof VirtRewindError, String(error));
      assert.equal(error.kind, kind, error.message);
      assert.match(error.message, message);
      return true;
    });

  it('lists all of a repository, and those of a VM', async () => {
    const [, , newest] = await listed();
    await host.run('done', 'backups', 'check', newest?.id ?? '', '--from', repository);
    await host.run('done', 'backups', 'keep', newest?.id ?? '', '--from', repository);
    const wanted = await listed();
    const there = files();
    const all = await rewind.backups(repository);
    assert.deepEqual(all, wanted);
    assert.deepEqual(
      all.map(({ vm, restorePoints, kept, set, verified }) => [vm, restorePoints, kept, set?.vms, verified?.passed]),
      [
        ['web', 0, false, 2, undefined],
        ['db', 0, false, 2, undefined],
        ['web', 1, true, undefined, true],
      ],
    );
    const web = await rewind.find('web');
    assert.deepEqual(await web.backups(repository), [all[0], all[2]]);
    assert.deepEqual(files(), there);
  });

  it('takes the key from a file, and says why it cannot read', async () => {
    const key = join(dir, 'key');
    delete process.env['RESTIC_PASSWORD_FILE'];
    try {
      await rejects(() => rewind.backups(repository), 'refused', /No key was given/u);
      await rejects(() => rewind.backups(repository, { passwordFile: `${key}.none` }), 'notFound', /does not exist/u);
      assert.equal((await rewind.backups(repository, { passwordFile: key })).length, 3);
      Object.assign(process.env, { RESTIC_PASSWORD_COMMAND: `cat ${key}` });
      assert.equal((await rewind.backups(repository)).length, 3);
      Object.assign(process.env, { RESTIC_PASSWORD_COMMAND: 'echo wrong' });
      await rejects(() => rewind.backups(repository), 'refused', /does not open/u);
    } finally {
      delete process.env['RESTIC_PASSWORD_COMMAND'];
      Object.assign(process.env, { RESTIC_PASSWORD_FILE: key });
    }
    await rejects(() => rewind.backups(join(dir, 'nowhere')), 'notFound', /no restic repository/u);
    const signal = AbortSignal.abort();
    await rejects(() => rewind.backups(repository, { signal }), 'cancelled', /Cancelled/u);
  });

  it('lists schedules with their last run', async () => {
    const state = host.env['VIRT_REWIND_STATE'] ?? '';
    const store = new ScheduleStore(state, silentLog);
    const run = { startedAt: 1_000, endedAt: 2_000, by: await thisWriter(), backups: ['1f0c22ab'], deleted: 2 };
    const to = 'rest:http://me:secret@localhost:9/';
    await store.add(
      { ...{ name: 'web-day', vms: ['web'], to, every: 'day', keep: { daily: 7 } }, by: 'cron', madeAt: 0 },
      '',
    );
    await store.writeRun('web-day', { ...run, exitCode: 1, messages: ['web: the disk is full'] });
    const { schedules } = await host.json<{ readonly schedules: readonly ScheduleInfo[] }>('schedule');
    const found = await rewind.schedules();
    assert.deepEqual(
      found.map(({ name, state: how, lastRun }) => [name, how, lastRun?.exitCode, lastRun?.messages]),
      [['web-day', 'failed', 1, ['web: the disk is full']]],
    );
    assert.deepEqual(found, schedules);
    assert.doesNotMatch(JSON.stringify(found), /secret/u);
    assert.ok(Date.parse(found[0]?.nextAt ?? '') > Date.now());
    assert.match(readFileSync(join(state, 'schedules/web-day/schedule.json'), 'utf8'), /secret/u);
  });
});
