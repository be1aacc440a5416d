// What a run of a schedule does where its record cannot be written, and who is told.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSchedule } from '../../../../src/wings/copies/schedules/runSchedule.js';
import type { Schedule, ScheduledRun } from '../../../../src/wings/copies/schedules/schedule.js';
import { ScheduleStore } from '../../../../src/wings/copies/schedules/scheduleStore.js';
import { silentLog } from '../../../silentLog.js';

describe('a run of a schedule', () => {
  let dir: string;
  let store: ScheduleStore;
  /** What its user's program was told. */
  let told: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'virt-rewind-test-'));
    store = new ScheduleStore(dir, silentLog);
    told = join(dir, 'told');
    makeProgram('notify', `printf '%s: %s\\n' "$1" "$2" >>'${told}'`);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function makeProgram(name: string, script: string): string {
    writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return join(dir, name);
  }

  /** @param backUp a script in place of the command line */
  async function run(backUp: string, more: Partial<Schedule> = {}): Promise<ScheduledRun> {
    const schedule: Schedule = {
      ...{ name: 'web-day', vms: ['web'], to: '/backups', every: 'day', keep: {}, by: 'systemd', madeAt: 0 },
      ...{ onFailure: join(dir, 'notify'), ...more },
    };
    await store.add(schedule, '');
    // A file cannot take its place.
    mkdirSync(join(store.recordOf(schedule.name), 'in the way'), { recursive: true });
    return runSchedule(schedule, {
      store,
      program: ['/bin/sh', makeProgram('program', backUp)],
      environment: { PATH: `${dir}:/usr/bin:/bin` },
      signal: new AbortController().signal,
    });
  }

  it('belongs to one that is there as a whole, or not at all: editors look at any moment', async () => {
    const schedule: Schedule = { name: 'web-day', vms: [], every: 'day', keep: {}, by: 'cron', madeAt: 0 };
    await assert.rejects(store.add({ ...schedule, madeAt: 1n as never }, ''));
    assert.deepEqual([await store.names(), readdirSync(join(dir, 'schedules'))], [[], []]);
    const ended = await Promise.allSettled([store.add(schedule, ''), store.add(schedule, '')]);
    assert.deepEqual(ended.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    assert.deepEqual(await store.read('web-day'), schedule);
  });

  it('backs up and fails where its record cannot be written, and its user is told', async () => {
    const ended = await run(`echo '{"backup":{"id":"1f0c22ab","uuid":"u"}}'`);
    assert.deepEqual([ended.exitCode, ended.backups], [1, ['1f0c22ab']]);
    assert.equal(ended.messages.length, 1);
    assert.ok(ended.messages[0]?.includes(store.recordOf('web-day')));
    assert.equal(readFileSync(told, 'utf8'), `web-day: ${ended.messages[0]}\n`);
  });

  it('ends with the code of a backup that failed, and tells of both', async () => {
    const ended = await run(`echo '{"error":{"message":"no key"}}'; exit 5`);
    assert.deepEqual([ended.exitCode, ended.messages.length], [5, 2]);
    assert.match(readFileSync(told, 'utf8'), /web: no key/u);
  });

  it('has the password of its repository in no arguments', async () => {
    const to = 'rest:http://user:secret@host:8000/';
    const seen = join(dir, 'seen');
    const answer = `echo '{"backup":{"id":"1f0c22ab","uuid":"u"},"pruned":{"deleted":[1]}}'`;
    await run(`echo "$@" "$VIRT_REWIND_REPOSITORY" >>'${seen}'\n${answer}`, { to, keep: { last: 1 } });
    const lines = readFileSync(seen, 'utf8').trim().split('\n');
    assert.equal(lines.length, 4);
    for (const line of lines) {
      assert.match(line, /=rest:http:\/\/user:\*\*\*@host:8000\/ /u);
      assert.deepEqual(line.split('secret').length, 2);
      assert.ok(line.endsWith(to));
    }
  });

  it('tells the others where one of those that it tells cannot be run', async () => {
    writeFileSync(join(dir, 'logger'), '#!/not/there\n', { mode: 0o755 });
    await run('exit 3', { by: 'cron' });
    assert.ok(existsSync(told));
    rmSync(join(dir, 'schedules'), { recursive: true });
    assert.equal((await run('exit 7', { onFailure: join(dir, 'gone') })).exitCode, 7);
  });
});
