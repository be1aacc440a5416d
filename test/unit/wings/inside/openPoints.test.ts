// Restore points that are read: one that goes meanwhile ends with what happened.
import assert from 'node:assert/strict';
import { systemClock } from '../../../../src/base/clock.js';
import { DiskError } from '../../../../src/wings/inside/bytes/disk.js';
import { OpenPoints } from '../../../../src/wings/inside/editor/openPoints.js';
import { FilesObstacle, type GuestDisks } from '../../../../src/wings/inside/guestFiles.js';

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
