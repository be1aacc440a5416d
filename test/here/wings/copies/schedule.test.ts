// Schedules: what systemd, cron and a shell read of them says what was meant, and when a run is due or was missed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFor } from '../../../../src/wings/copies/backupsOfVm.js';
import {
  isDue,
  isRuledTwice,
  nextAfter,
  parseNextElapse,
  type Schedule,
  type ScheduledRun,
  scheduleName,
  statusOf,
} from '../../../../src/wings/copies/schedules/schedule.js';
import {
  editCrontab,
  isInCrontab,
  writeScript,
  writeService,
  writeTimer,
} from '../../../../src/wings/copies/schedules/scheduleFiles.js';
import { seededRandom } from '../../../histories/random.js';

const made = Date.parse('2026-11-20T10:20:30Z');
const schedule: Schedule = {
  name: 'web-day',
  vms: ['web'],
  to: '/mnt/backups',
  every: 'day',
  keep: { daily: 7 },
  by: 'systemd',
  madeAt: made,
};

describe('a schedule', () => {
  it('says when the next run is due', () => {
    const at = new Date(2026, 10, 25, 13, 14, 15).getTime();
    const rows: readonly [every: string, next: Date][] = [
      ['hour', new Date(2026, 10, 25, 14)],
      ['day', new Date(2026, 10, 26)],
      // A Wednesday.
      ['week', new Date(2026, 10, 30)],
    ];
    for (const [every, next] of rows) {
      assert.equal(nextAfter(every, at), next.getTime(), every);
      assert.ok((nextAfter(every, next.getTime()) ?? 0) > next.getTime(), every);
    }
    assert.equal(nextAfter('Mon..Fri 22:30', at), undefined);
  });

  it('backs up the VMs that it was added for, and none of the same name or UUID elsewhere', () => {
    const [connection, uuid] = ['qemu:///system', '00000000-0000-4000-8000-000000000001'];
    const other = { connection: 'qemu+ssh://other/system', uuid };
    const of = (more: Partial<Schedule>, vms: readonly string[] = []): Parameters<typeof isFor>[0] => {
      const lastRun = { vms } as unknown as ScheduledRun;
      return { schedule: { ...schedule, ...more }, lastRun };
    };
    const ref = { connection, uuid };
    assert.equal(isFor(of({ refs: [ref] }), { ref }), true);
    assert.equal(isFor(of({ refs: [ref] }, [uuid]), { ref: other }), false);
    assert.equal(isFor(of({ refs: [{ connection, uuid: 'of another' }] }), { ref }), false);
    // A VM that its system got later.
    assert.equal(isFor(of({ refs: [{ connection, uuid: 'of another' }] }, [uuid]), { ref }), true);
    assert.equal(isFor(of({}, [uuid]), { ref }), false);
  });

  it('has no VM whose backups in one repository go by the rule of another', () => {
    const named = (name: string, vm: string, uuid?: string): Schedule => ({
      ...{ ...schedule, name, vms: [vm] },
      ...(uuid !== undefined && { refs: [{ connection: 'qemu:///system', uuid }] }),
    });
    const web = named('web-day', 'web', 'u1');
    assert.equal(isRuledTwice(web, named('other', 'qemu:///system/web', 'u1')), true);
    assert.equal(isRuledTwice(web, named('other', 'web', 'u2')), false, 'of another host');
    assert.equal(isRuledTwice(web, named('other', 'web')), true, 'of an older version');
    assert.equal(isRuledTwice(web, { ...named('other', 'web', 'u1'), to: '/mnt/other' }), false);
    assert.equal(isRuledTwice(web, { ...web, name: 'other', keep: {} }), true, 'one rule for both');
    assert.equal(isRuledTwice({ ...web, keep: {} }, { ...web, name: 'other', keep: {} }), false);
  });

  it('is due for cron once in each period, whatever the clock does', () => {
    const at = (hour: number, minute = 0): number => new Date(2026, 10, 25, hour, minute).getTime();
    const hourly = { ...schedule, every: 'hour' };
    assert.equal(isDue(hourly, undefined, at(1)), true);
    assert.equal(isDue(hourly, at(1), at(1, 59)), false);
    assert.equal(isDue(hourly, at(1, 59), at(2)), true);
    assert.equal(isDue(schedule, at(1), at(23)), false);
    assert.equal(isDue(schedule, at(1), at(24)), true);
    // The clock was set back by a day.
    assert.equal(isDue(schedule, at(24), at(1)), true);
  });

  it('says what became of its last run, and what was missed', async () => {
    const by = { pid: 1, boot: '', host: '', session: '' };
    const run: ScheduledRun = { startedAt: made + 3_600_000, by, messages: [], backups: [], deleted: 0 };
    const next = (at: number): number => nextAfter('hour', at) ?? 0;
    let asked = 0;
    const status = (lastRun: ScheduledRun | undefined, now: number, isAlive = false) => {
      asked = 0;
      return statusOf(schedule, lastRun, { isAlive, now, next: (at) => ((asked += 1), Promise.resolve(next(at))) });
    };
    assert.equal((await status(undefined, made)).state, 'never');
    assert.equal((await status(run, made + 4_000_000, true)).state, 'running');
    assert.equal((await status(run, made + 4_000_000)).state, 'interrupted');
    assert.equal((await status({ ...run, endedAt: made, exitCode: 0 }, made)).state, 'done');
    assert.equal((await status({ ...run, endedAt: made, exitCode: 8 }, made)).state, 'failed');
    const soon = await status(run, made + 3_700_000);
    assert.deepEqual([soon.missedAt, soon.nextAt], [undefined, next(run.startedAt)]);
    assert.equal(asked, 1);
    const late = made + 10 * 3_600_000;
    const missed = await status(run, late);
    assert.deepEqual([missed.missedAt, missed.nextAt], [next(run.startedAt), next(late)]);
    assert.equal(asked, 2);
    // A last run in the future, of a clock that was set back, misses nothing.
    assert.equal((await status({ ...run, startedAt: late }, made)).missedAt, undefined);
  });

  it('reads the next time that systemd says', () => {
    const utc = '    Next elapse: Sat 2025-11-29 00:00:00 UTC\n       From now: 1h left';
    assert.equal(parseNextElapse(utc), Date.parse('2025-11-29T00:00:00Z'));
    const berlin = '    Next elapse: Sat 2025-11-29 00:00:00 CET\n       (in UTC): Fri 2025-11-28 23:00:00 UTC\n';
    assert.equal(parseNextElapse(berlin), Date.parse('2025-11-28T23:00:00Z'));
    assert.equal(parseNextElapse('    Next elapse: never'), undefined);
  });

  it('has a name that a file can have', () => {
    assert.equal(scheduleName('Web_Test 1', 'day'), 'web-test-1-day');
    assert.match(scheduleName('../%n"$(x)', 'Mon 22:30'), /^[a-z\d][a-z\d-]*$/u);
    assert.match(scheduleName('…'.repeat(90), 'hour'), /^[a-z\d][a-z\d-]*$/u);
    assert.match(scheduleName('a-'.repeat(90), 'hour'), /^[a-z\d][a-z\d-]{0,39}$/u);
  });

  it('is written for systemd', () => {
    assert.equal(
      writeService(schedule, '/home/a b/100%/$x"\\y/run.sh')
        .split('\n')
        .find((line) => line.startsWith('ExecStart')),
      'ExecStart=/bin/sh "/home/a b/100%%/$$x\\"\\\\y/run.sh"',
    );
    assert.match(writeTimer(schedule), /^OnCalendar=daily\n(#.*\n)?Persistent=true$/mu);
    // No path ends the line that it is in.
    assert.equal(
      writeService(schedule, '/a\n[Service]\nExecStart=/bin/false').split('\n').length,
      writeService(schedule, '/a').split('\n').length,
    );
  });

  it('is one line of a crontab, which loses no other', () => {
    const others = 'MAILTO=me\n\n# mine\n5 * * * * /bin/true # virt-rewind schedule web-day-2\n';
    const text = editCrontab(others, 'web-day', "/a b/100%/it's/run.sh");
    assert.equal(
      text,
      `${others}0 * * * * /bin/sh '/a b/100\\%/it'\\''s/run.sh' --if-due # virt-rewind schedule web-day\n`,
    );
    assert.ok(isInCrontab(text, 'web-day'));
    assert.equal(editCrontab(text, 'web-day', "/a b/100%/it's/run.sh"), text);
    assert.equal(editCrontab(text, 'web-day'), others);
    assert.equal(editCrontab('', 'web-day'), '');
    assert.throws(() => editCrontab('', 'web-day', '/a\nb'));
  });

  describe('in a shell', () => {
    let dir: string;
    before(() => (dir = mkdtempSync(join(tmpdir(), 'schedule-'))));
    after(() => rmSync(dir, { recursive: true, force: true }));

    /** What the script runs: its arguments and one variable, a line each. */
    function runScript(node: string, program: string, value: string): readonly string[] {
      const file = join(dir, 'run.sh');
      writeFileSync(file, writeScript(schedule, { node, program, environment: { VALUE: value } }));
      return execFileSync('/bin/sh', [file, '--if-due'], { encoding: 'utf8' }).split('\0').slice(0, -1);
    }

    function makeNode(folder: string): string {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'node'), '#!/bin/sh\nprintf \'%s\\0\' "$@" "$VALUE"\n');
      chmodSync(join(folder, 'node'), 0o755);
      return join(folder, 'node');
    }

    it('runs with all that it was told, whatever is in it', () => {
      const random = seededRandom(7);
      const signs = Array.from('%$"\'\\\n `;&|<>()*?[]#~!äé中').concat('$(id)', '\\n');
      const folder = join(dir, 'a $x "b" \'c\' %d');
      const node = makeNode(folder);
      const program = join(folder, "it's a 'program'.js");
      writeFileSync(program, '');
      for (let round = 0; round < 60; round += 1) {
        const value = Array.from({ length: 8 }, () => random.pick(signs)).join('');
        assert.deepEqual(runScript(node, program, value), [program, 'schedule', '--run', 'web-day', '--if-due', value]);
      }
    });

    it('finds another version where an update replaced its own', () => {
      const node = makeNode(join(dir, 'v 20.2.0', 'bin'));
      const program = join(dir, 'it is-1.10.0', 'dist', 'commandLine.js');
      mkdirSync(join(program, '..'), { recursive: true });
      writeFileSync(program, '');
      const [was, at] = [join(dir, 'v 20.1.0', 'bin', 'node'), join(dir, 'it is-1.9.0', 'dist', 'commandLine.js')];
      assert.equal(runScript(was, at, '')[0], program);
      assert.equal(runScript(node, at, '')[0], program);
    });
  });
});
