// What is shown of the address of a repository has no password, whichever characters that has.
import assert from 'node:assert/strict';
import { scheduleInfo } from '../../../../src/wings/copies/copiesInfos.js';
import { withoutPassword } from '../../../../src/wings/copies/repository/repositoryAddress.js';
import type { Schedule } from '../../../../src/wings/copies/schedules/schedule.js';
import { scheduleLine } from '../../../../src/wings/copies/schedules/scheduleNews.js';

describe('a repository without its password', () => {
  const rows: readonly [repository: string, shown: string][] = [
    ['/mnt/backups', '/mnt/backups'],
    ['rest:http://host:8000/me@home', 'rest:http://host:8000/me@home'],
    ['sftp:user@host:/folder', 'sftp:user@host:/folder'],
    ['sftp://user@host:22//folder', 'sftp://user@host:22//folder'],
    ['rest:http://me:secret@host:8000/', 'rest:http://me:***@host:8000/'],
    ['rest:http://me:sec:ret@host/', 'rest:http://me:***@host/'],
    // Go's net/url takes the last @.
    ['rest:http://me:sec@ret@host/', 'rest:http://me:***@host/'],
    ['rest:http://me@home:secret@host/', 'rest:http://me@home:***@host/'],
    ['rest:http://:secret@host/', 'rest:http://:***@host/'],
    ['rclone::sftp,host=nas,pass=secret:backups', 'rclone::sftp,host=nas,pass=***:backups'],
    ['rclone:s3,secret_access_key="sec,:ret",region=eu:backups', 'rclone:s3,secret_access_key=***,region=eu:backups'],
    [
      'web: cannot read rest:http://me:secret@one/ and rest:http://me:secret@two/.',
      'web: cannot read rest:http://me:***@one/ and rest:http://me:***@two/.',
    ],
  ];
  for (const [repository, shown] of rows) {
    it(repository, () => assert.equal(withoutPassword(repository), shown));
  }

  it('is what lists of schedules have', () => {
    const schedule: Schedule = {
      ...{ name: 'web-day', vms: ['web'], to: 'rest:http://me:secret@host/', every: 'day', keep: {} },
      ...{ by: 'cron', madeAt: 0 },
    };
    const told = [scheduleInfo({ schedule, state: 'never' }, true), scheduleLine({ schedule, state: 'never' }, 0)];
    assert.doesNotMatch(JSON.stringify(told), /secret/u);
  });
});
