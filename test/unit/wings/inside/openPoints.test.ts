// Restore points that are read: one that goes meanwhile ends with what happened.
import assert from 'node:assert/strict';
import { systemClock } from '../../../../src/base/clock.js';
import { DiskError } from '../../../../src/wings/inside/bytes/disk.js';
import { OpenPoints } from '../../../../src/wings/inside/editor/openPoints.js';
import { namedPoints } from '../../../../src/wings/inside/editor/restorePointNames.js';
import { nameIn, withFacts } from '../../../../src/domain/asFailure.js';
import type { Failure } from '../../../../src/domain/failure.js';
import { failureMessage } from '../../../../src/text/failures/failureMessage.js';
import { type GuestDisks, withDisks } from '../../../../src/wings/inside/guestFiles.js';
import { insideFailure } from '../../../../src/wings/inside/insideFailure.js';
import { atPath } from '../../../../src/wings/inside/readFiles.js';
import { FileSystemError } from '../../../../src/wings/inside/read/guestFileSystem.js';
import { snapshot } from '../../ui/samples.js';

const disks: GuestDisks = {
  images: new Map(),
  volumes: [],
  requireUnchanged: () => Promise.resolve(),
  close: () => undefined,
};

describe('open restore points', () => {
  it('say that one is gone, not what its disk said', async () => {
    const points = new OpenPoints(systemClock);
    const reading = points.with(
      'gone',
      () => Promise.resolve(disks),
      async () => {
        await Promise.resolve();
        points.close('gone');
        throw new DiskError('the server has ended');
      },
    );
    await assert.rejects(reading, { reason: 'changed' });
  });

  it('say why one could not be opened, and open it again', async () => {
    const points = new OpenPoints(systemClock);
    const why = insideFailure('noProgram');
    await assert.rejects(
      points.with(
        'there',
        () => Promise.reject(why),
        () => Promise.resolve(),
      ),
      why,
    );
    assert.equal(
      await points.with(
        'there',
        () => Promise.resolve(disks),
        () => Promise.resolve('read'),
      ),
      'read',
    );
    points.dispose();
  });

  it('say what is wrong with a disk that is there', async () => {
    const points = new OpenPoints(systemClock);
    const fault = new DiskError('unreadable');
    const reading = points.with(
      'there',
      () => Promise.resolve(disks),
      () => Promise.reject(fault),
    );
    await assert.rejects(reading, fault);
    points.dispose();
  });
});

describe('the folders of restore points', () => {
  const long = 'x'.repeat(250);
  for (const titles of [
    ['a', 'a', 'a (s0)', 'a (s0) 2'],
    [long, long, `${long}y`],
    ['a/b', 'a∕b', '', '', '..', '.. '],
    ['Current state', 'Current state'],
  ]) {
    it(`are all different: ${titles.join(', ').slice(0, 60)}`, () => {
      const snapshots = titles.map((title, at) => snapshot(`s${at}`, { title, createdAt: at }));
      const folders = namedPoints({ snapshots }, 'readable').map(({ folder }) => folder);
      assert.equal(new Set(folders).size, folders.length, folders.join('\n'));
    });
  }
});

describe('what is read of a disk', () => {
  const openedFor = (fault: Error): Promise<void> => {
    const system = { root: 0, facts: () => Promise.reject(fault), list: () => Promise.reject(fault) };
    const volumes = [{ name: 'vda1', bytes: 1, system }] as unknown as GuestDisks['volumes'];
    return withDisks(Promise.resolve({ ...disks, volumes }), async (open) => {
      await atPath(open, '/etc/hosts', () => Promise.resolve());
    });
  };

  it('fails as people are told, whatever its reader rejects with', async () => {
    for (const [fault, kind, reason] of [
      [new FileSystemError('notFound', 'inode 7'), 'notFound', 'notFound'],
      [new FileSystemError('damaged', 'inode 7'), 'refused', 'damaged'],
      [new DiskError('no answer'), 'failed', 'diskUnreadable'],
    ] as const) {
      await assert.rejects(openedFor(fault), { name: 'Failure', kind, reason });
    }
    await assert.rejects(openedFor(new Error('of ours')), { name: 'Error' });
  });

  it('says what a restore has left, and what was saved', () => {
    const told = (failure: Failure): string => failureMessage(nameIn(failure, { vm: 'web' }) as Failure);
    const silent = insideFailure('silent');
    assert.match(told(silent), /in time\. Nothing was replaced\.$/u);
    const left = withFacts(silent, { left: { path: '/etc/.part', is: 'besides' }, saved: 'before' });
    assert.match(told(left), /in web as \/etc\/\.part\. .* saved as before\.$/u);
  });
});
