// Restore points that are read: one that goes meanwhile ends with what happened.
import assert from 'node:assert/strict';
import { systemClock } from '../../../../src/base/clock.js';
import { DiskError } from '../../../../src/wings/inside/bytes/disk.js';
import { OpenPoints } from '../../../../src/wings/inside/editor/openPoints.js';
import { namedPoints } from '../../../../src/wings/inside/editor/restorePointNames.js';
import { FilesObstacle, type GuestDisks } from '../../../../src/wings/inside/guestFiles.js';
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
    await assert.rejects(reading, (error) => error instanceof FilesObstacle && error.obstacle.kind === 'changed');
  });

  it('say why one could not be opened, and open it again', async () => {
    const points = new OpenPoints(systemClock);
    const why = new FilesObstacle({ kind: 'noProgram' });
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
