// What is told of a schedule: each run that failed, was interrupted or did not come, and nothing else.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Schedule, ScheduledRun, ScheduleStatus } from '../../../../src/wings/copies/schedules/schedule.js';
import { newsOf, scheduleLine, unreadableNews } from '../../../../src/wings/copies/schedules/scheduleNews.js';
import { ScheduleStore } from '../../../../src/wings/copies/schedules/scheduleStore.js';
import { silentLog } from '../../../silentLog.js';

const at = Date.parse('2026-11-20T00:00:10Z');
const schedule: Schedule = {
  name: 'web-day',
  vms: ['web'],
  to: '/mnt/backups',
  every: 'day',
  keep: {},
  by: 'cron',
  madeAt: at - 86_400_000,
};
const run: ScheduledRun = {
  startedAt: at,
  by: { pid: 1, boot: 'boot', host: 'here', session: 'session' },
  messages: [],
  backups: [],
  deleted: 0,
};
const failed: ScheduleStatus = {
  schedule,
  state: 'failed',
  lastRun: { ...run, messages: ['web: no key', 'db: no VM'] },
};

describe('the news of a schedule', () => {
  it('are of runs that did not end well', () => {
    const quiet: readonly ScheduleStatus[] = [
      { schedule, state: 'never' },
      { schedule, state: 'running', lastRun: run },
      { schedule, state: 'done', lastRun: run },
    ];
    assert.deepEqual(quiet.map(newsOf), [undefined, undefined, undefined]);
    assert.deepEqual(
      quiet.map((one) => scheduleLine(one, at).icon),
      ['clock', 'clock', 'clock'],
    );
    const told = [failed, { ...failed, state: 'interrupted' }, { ...quiet[2], missedAt: at }] as ScheduleStatus[];
    assert.equal(new Set(told.map((one) => newsOf(one)?.id)).size, 3);
    assert.deepEqual(
      told.map((one) => scheduleLine(one, at).icon),
      ['warning', 'warning', 'warning'],
    );
  });

  it('are of each run others', () => {
    assert.equal(newsOf(failed)?.id, newsOf({ ...failed, nextAt: at })?.id);
    assert.notEqual(newsOf(failed)?.id, newsOf({ ...failed, lastRun: { ...run, startedAt: at + 1 } })?.id);
    assert.notEqual(newsOf({ ...failed, missedAt: at })?.id, newsOf({ ...failed, missedAt: at + 1 })?.id);
  });

  it('tell once why no snapshot is taken, for as long as it is so', () => {
    const { to: _, ...ofSnapshots } = schedule;
    const status = (startedAt: number, sameSince?: number): ScheduleStatus => ({
      ...{ ...failed, schedule: ofSnapshots },
      lastRun: { ...run, startedAt, ...(sameSince !== undefined && { sameSince }) },
    });
    const first = newsOf(status(at))?.id;
    assert.equal(newsOf(status(at + 2, at))?.id, first);
    assert.notEqual(newsOf(status(at + 2))?.id, first);
    assert.notEqual(
      newsOf({ ...failed, lastRun: { ...run, startedAt: at + 2, sameSince: at } })?.id,
      newsOf(failed)?.id,
    );
  });

  it('have the first reason, as one line, and keep the others for the log', () => {
    const messages = [`web: \u001B[31m${'long '.repeat(1_000)}`, 'db: no VM'];
    const news = newsOf({ ...failed, lastRun: { ...run, messages } });
    assert.match(news?.text ?? '', /^The run of the schedule web-day .* web: /u);
    assert.ok((news?.text.length ?? 0) < 500);
    assert.doesNotMatch(news?.text ?? '', /\p{Cc}/u);
    assert.deepEqual(news?.messages, messages);
  });

  it('are told by one of all editors, once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'schedules-'));
    try {
      const stores = Array.from({ length: 20 }, () => new ScheduleStore(folder, silentLog));
      const [store] = stores;
      await store!.add(schedule, '');
      const tellers = async (id: string): Promise<number> =>
        (await Promise.all(stores.map((one) => one.claimNews(schedule.name, id)))).filter((isOurs) => isOurs).length;
      for (let run = 1; run <= 60; run += 1) {
        assert.equal(await tellers(`failed ${run}`), 1);
      }
      assert.deepEqual([await tellers('failed 60'), await tellers('failed 59')], [0, 0]);
      const files = readdirSync(join(folder, 'schedules', schedule.name));
      assert.ok(files.filter((file) => file.startsWith('told-')).length < 30, files.join());
      await store!.remove(schedule.name);
      assert.equal(await tellers('failed 61'), 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('offer no run of what cannot be read', () => {
    assert.equal(newsOf(failed)?.canRun, true);
    assert.equal(unreadableNews('web-day').canRun, false);
  });
});
