// What the host itself writes to, from the kernel's own files: here those of a host that somebody made up.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { thisComputer } from '../../../src/base/fileSystem.js';
import { readHostUses } from '../../../src/driver/files/hostUses.js';

describe('what the host itself uses', () => {
  let root: string;
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  /** As the kernel shows it, with what it is a part of, or stands on. */
  const device = async (name: string, number: string, of: { in?: string; above?: string } = {}): Promise<void> => {
    const place = `sys/devices/${of.in === undefined ? '' : `${of.in}/`}${name}`;
    await put(`${place}/dev`, `${number}\n`);
    await mkdir(join(root, 'sys/dev/block'), { recursive: true });
    await symlink(join(root, place), join(root, `sys/dev/block/${number}`));
    if (of.in !== undefined) {
      await put(`${place}/partition`, '1\n');
    }
    if (of.above !== undefined) {
      await mkdir(join(root, place, 'slaves'));
      await symlink(join(root, `sys/devices/${of.above}`), join(root, place, 'slaves', dirname(`${of.above}/x`)));
    }
  };
  const loop = async (number: number, file: string, isReadOnly = false): Promise<void> => {
    await put(`sys/block/loop${number}/loop/backing_file`, `${file}\n`);
    await put(`sys/block/loop${number}/ro`, isReadOnly ? '1\n' : '0\n');
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vr-uses-'));
    await mkdir(join(root, 'sys/block/loop7'), { recursive: true });
  });
  afterEach(() => rm(root, { recursive: true }));

  const real = async (path: string): Promise<string> => {
    const { dev, ino } = await thisComputer.stat(path);
    return `${dev}:${ino}`;
  };

  it('is a file behind a loop device that writes, under any name', async () => {
    const file = join(root, 'disk.raw');
    await writeFile(file, '');
    await loop(0, file);
    await loop(1, join(root, 'gone.raw (deleted)'));
    const uses = await readHostUses(thisComputer, false, root);
    assert.deepEqual([...uses!], [[await real(file), { how: 'loop', where: '/dev/loop0' }]]);
  });

  it('is none that is only read', async () => {
    const file = join(root, 'disk.raw');
    await writeFile(file, '');
    await loop(0, file, true);
    assert.equal((await readHostUses(thisComputer, true, root))!.size, 0);
  });

  it('is a file with swap', async () => {
    const file = join(root, 'swap file');
    await writeFile(file, '');
    await put('proc/swaps', `Filename\tType\n${file.replace(' ', '\\040')} file 1 0 -2\n`);
    assert.deepEqual((await readHostUses(thisComputer, false, root))!.get(await real(file))?.how, 'swap');
  });

  it('is a mounted device, the disk of a mounted partition, and what is below a mapped one', async () => {
    await device('sda', '8:0');
    await device('sda1', '8:1', { in: 'sda' });
    await device('sdb', '8:16');
    await device('dm-0', '253:0', { above: 'sdb' });
    await device('sdc', '8:32');
    await put(
      'proc/self/mountinfo',
      [
        '22 1 8:1 / /data\\040of\\040mine rw,noatime shared:1 - ext4 /dev/sda1 rw',
        '23 1 253:0 / /mapped rw - xfs /dev/mapper/x rw',
        '24 1 8:32 / /seen ro - ext4 /dev/sdc ro',
        '25 1 0:5 / /proc rw - proc proc rw',
      ].join('\n'),
    );
    const uses = await readHostUses(thisComputer, true, root);
    assert.deepEqual(uses!.get(`device ${8 * 256}`), { how: 'mounted', where: '/data of mine' });
    assert.deepEqual(uses!.get(`device ${8 * 256 + 16}`), { how: 'mounted', where: '/mapped' });
    assert.equal(uses!.get(`device ${8 * 256 + 32}`), undefined);
    assert.equal((await readHostUses(thisComputer, false, root))!.size, 0);
  });

  it('is not known where the kernel shows nothing', async () => {
    assert.equal(await readHostUses(thisComputer, true, join(root, 'nothing')), undefined);
  });
});
