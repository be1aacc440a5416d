// What the kernel's list of locks tells of images.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readImageLocks } from '../../../src/driver/files/imageLocks.js';

describe('locks on images', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-locks-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('of who writes, who relies on what he reads, and who only looks', async () => {
    const list = join(folder, 'locks');
    const lines = [
      // Writes: rights 100 and 101, and lets nobody else write.
      '1: OFDLCK ADVISORY  READ -1 08:01:11 100 101',
      '1: OFDLCK ADVISORY  READ -1 08:01:11 201 201',
      // Reads, and lets nobody write.
      '2: OFDLCK ADVISORY  READ -1 08:01:12 100 100',
      '2: OFDLCK ADVISORY  READ -1 08:01:12 201 201',
      // Looks at what others may write.
      '3: OFDLCK ADVISORY  READ -1 08:01:13 100 100',
      // All of it, by a program that is none of QEMU's.
      '4: POSIX  ADVISORY  WRITE 99 08:01:14 0 EOF',
      // Waits.
      '4: -> POSIX  ADVISORY  WRITE 98 08:01:15 0 EOF',
      '5: FLOCK  ADVISORY  WRITE 97 08:01:16 0 EOF',
      'nonsense',
    ];
    await writeFile(list, `${lines.join('\n')}\n`);
    const locks = await readImageLocks(list);
    assert.deepEqual([...(locks?.written ?? [])], ['2049:11', '2049:14']);
    assert.deepEqual([...(locks?.held ?? [])].sort(), ['2049:11', '2049:12', '2049:14']);
    assert.equal(await readImageLocks(join(folder, 'gone')), undefined);
  });
});
