// Schedules in the state folder: one process at a time runs one, and what a kill left goes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOfWing } from '../../../../src/domain/failure.js';
import { thisWriter } from '../../../../src/journal/writer.js';
import type { Schedule } from '../../../../src/wings/copies/schedules/schedule.js';
import { ScheduleStore } from '../../../../src/wings/copies/schedules/scheduleStore.js';
import { silentLog } from '../../../silentLog.js';

describe('the schedules in the state folder', () => {
  let state: string;
  let store: ScheduleStore;
  const schedule: Schedule = {
    ...{ name: 'web-day', vms: ['web'], to: '/mnt/backups', every: 'day', keep: {} },
    ...{ by: 'systemd', madeAt: 0 },
  };
  const at = (...names: readonly string[]): string => join(state, 'schedules', ...names);
  const holders = async (): Promise<number> =>
    (await readdir(at('web-day'))).filter((name) => name.startsWith('holder.')).length;

  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'schedules-'));
    store = new ScheduleStore(state, silentLog);
    await store.add(schedule, '#!/bin/sh\n');
  });
  afterEach(() => rm(state, { recursive: true }));

  it('are run by one of all that begin at once, and again when that has ended', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const held = await Promise.all(
        Array.from({ length: 8 }, () => new ScheduleStore(state, silentLog).hold('web-day')),
      );
      const [lock, ...more] = held.filter((one) => one !== 'busy');
      assert.deepEqual([lock === undefined, more.length], [false, 0]);
      assert.equal(await store.hold('web-day'), 'busy');
      await lock?.release();
    }
    assert.equal(await holders(), 1);
  });

  it('are run again where the process that did was killed', async () => {
    const child = spawn('sleep', ['60']);
    const { pid = 0 } = child;
    const writer = { ...(await thisWriter()), pid };
    child.kill('SIGKILL');
    await once(child, 'exit');
    await mkdir(at('web-day', 'holder.1'));
    await writeFile(at('web-day', 'holder.1', 'process.json'), JSON.stringify(writer));
    assert.notEqual(await store.hold('web-day'), 'busy');
    assert.equal(await holders(), 1);
  });

  it('are not run where they were removed, and run where nothing can be written down', async () => {
    for (const name of ['gone', '../schedules/web-day', '']) {
      await assert.rejects(store.hold(name), (error) => isOfWing(error, 'schedules'), name);
    }
    assert.equal(await holders(), 0);
    await writeFile(at('file'), '');
    const lock = await store.hold('file');
    assert.notEqual(lock, 'busy');
  });

  it('lose what a kill left of one that was being added, and nothing that is younger', async () => {
    for (const [name, minutes] of [
      ['.new-old', 11],
      ['.new-young', 0],
    ] as const) {
      await mkdir(at(name));
      await writeFile(at(name, 'run.sh'), '');
      const then = new Date(Date.now() - minutes * 60_000);
      await utimes(at(name), then, then);
    }
    await store.hold('web-day');
    assert.deepEqual((await readdir(at())).toSorted(), ['.new-young', 'web-day']);
    assert.deepEqual(await store.names(), ['web-day']);
  });
});
