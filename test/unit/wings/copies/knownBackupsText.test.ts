// What the row of a VM's backups says: what went wrong with a schedule before all else.
import assert from 'node:assert/strict';
import { knownBackupsText } from '../../../../src/wings/copies/knownBackupsText.js';
import type { Schedule, ScheduleStatus } from '../../../../src/wings/copies/schedules/schedule.js';

const now = Date.parse('2026-11-20T10:00:00Z');
const newest = { madeAt: now - 2 * 86_400_000, target: '/mnt/backups' };

function status(name: string, changes: Partial<ScheduleStatus> = {}, every = 'day'): ScheduleStatus {
  const schedule: Schedule = { name, vms: ['web'], to: '/mnt', every, keep: {}, by: 'cron', madeAt: 0 };
  return { schedule, state: 'done', ...changes };
}

describe('the row of the backups of a VM', () => {
  const rows: readonly [
    what: string,
    known: Parameters<typeof knownBackupsText>[0],
    words: readonly [label: string, description: string, isWrong: boolean],
  ][] = [
    ['where it is', { newest, schedules: [] }, ['Last backup: 2 days ago', 'there:/mnt/backups', false]],
    [
      'its schedules',
      { newest, schedules: [status('a'), status('b'), status('c', {}, 'week')] },
      ['Last backup: 2 days ago', 'every day · every week', false],
    ],
    ['none yet', { schedules: [status('a', { state: 'never' })] }, ['No backup yet', 'every day', false]],
    [
      'what failed or did not run, alone',
      { newest, schedules: [status('a'), status('b', { state: 'failed' }), status('c', { missedAt: 1 })] },
      ['Last backup: 2 days ago', 'b: failed · c: did not run', true],
    ],
  ];
  for (const [what, known, words] of rows) {
    it(`says ${what}`, () => {
      const { label, description, isWrong } = knownBackupsText(known, now, (target) => `there:${target}`);
      assert.deepEqual([label, description, isWrong], words);
    });
  }
});
