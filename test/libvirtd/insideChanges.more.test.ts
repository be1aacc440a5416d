// What changed between two states of a file system, against a walk over both that reads everything.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedDisk, type Disk, requireInside } from '../../src/wings/inside/bytes/disk.js';
import { changesBelow, compareSystems } from '../../src/wings/inside/changes/compareVolumes.js';
import { joinRanges, type Ranges } from '../../src/wings/inside/changes/ranges.js';
import { openExt } from '../../src/wings/inside/read/extFileSystem.js';
import { openFat } from '../../src/wings/inside/read/fatFileSystem.js';
import type { GuestFileSystem } from '../../src/wings/inside/read/guestFileSystem.js';
import { differencesOf, makeFolder, runTool, wholeOf } from './insideImages.js';

const clusterBytes = 64 * 1024;
const { signal } = new AbortController();

/** The same numbers for the same seed: a failure can be looked at again. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function diskOf(bytes: Buffer): Disk & { readBytes: number } {
  const disk = {
    bytes: bytes.length,
    readBytes: 0,
    read: (at: number, length: number): Promise<Buffer> => {
      requireInside(disk, at, length);
      disk.readBytes += length;
      return Promise.resolve(bytes.subarray(at, at + length));
    },
  };
  return disk;
}

/** As the tables of an image tell it: by clusters. */
function changedClusters(before: Buffer, after: Buffer): Ranges {
  const clusters = Array.from({ length: Math.ceil(after.length / clusterBytes) }, (_, index) => index * clusterBytes);
  return joinRanges(
    clusters
      .map((start) => ({ start, end: start + clusterBytes }))
      .filter(({ start, end }) => !before.subarray(start, end).equals(after.subarray(start, end))),
  );
}

async function openSystem(disk: Disk): Promise<GuestFileSystem> {
  const cached = cachedDisk(disk, 4096);
  const system = (await openExt(cached)) ?? (await openFat(cached));
  assert.ok(system);
  return system;
}

async function changesBetween(before: Disk, after: Disk, changed: Ranges | undefined): Promise<readonly string[]> {
  const found = await compareSystems(await openSystem(before), await openSystem(after), { changed, signal });
  if (typeof found === 'string') {
    return [];
  }
  const { changes, unreadable } = await changesBelow(found, '/', 100_000);
  assert.deepEqual(unreadable, []);
  return changes.map(({ path, change }) => `${change} ${path}`);
}

describe('what changed between two states of a file system', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'changes-'));
    await makeFolder(join(folder, 'linux'), { links: true });
    await makeFolder(join(folder, 'plain'), { links: false });
  });
  after(() => rm(folder, { recursive: true }));

  /** Some commands of debugfs that change the file system, none of which tells another. */
  function randomChanges(number: (below: number) => number, from: string): readonly string[] {
    const files = Array.from({ length: 40 }, () => `/many/file-${number(700)}`);
    const unique = [...new Set(files)];
    const commands = number(2) === 0 ? [] : ['set_inode_field / mode 040700'];
    const make = number(2) === 0;
    if (make) {
      commands.push('mkdir /made', 'mkdir /made/deep', `write ${from} /made/deep/new`, 'symlink /made/link target');
    }
    unique.slice(0, 20).forEach((file, index) => {
      const own = [
        () => [`rm ${file}`],
        () => [`rm ${file}`, `write ${from} ${file}`],
        () => [`set_inode_field ${file} mode 0100${600 + number(8)}`],
        () => [`set_inode_field ${file} uid ${1 + number(70_000)}`],
        () => [`set_inode_field ${file} mtime @${1_700_000_000 + number(1000)}`],
        () => [`set_inode_field ${file} atime @${1_700_000_000 + number(1000)}`],
        () => [`ln ${file} /etc/moved-${index}`, `unlink ${file}`],
        () => [`write ${from} /usr/new-${index}`],
        () => [`set_inode_field ${file} size ${1 + number(5)}`],
        () => [`rm ${file}`, `mkdir ${file}`],
        () => [`rm ${file}`, `symlink ${file} /etc`],
        () => [`zap_block -f ${file} -p ${1 + number(200)} 0`],
      ];
      commands.push(...(own[number(own.length)]?.() ?? []));
    });
    return commands;
  }

  for (const kind of [
    ['-t', 'ext4'],
    ['-t', 'ext4', '-b', '1024', '-O', 'inline_data', '-I', '256'],
    ['-t', 'ext2', '-b', '1024'],
    ['-t', 'ext4', '-O', '^64bit,bigalloc', '-I', '128'],
  ]) {
    it(`is the same as by reading everything of ${kind.join(' ')}`, async () => {
      const [first, second] = [join(folder, 'first'), join(folder, 'second')];
      await rm(first, { force: true });
      await runTool('mke2fs', '-q', '-F', ...kind, '-d', join(folder, 'linux'), first, '60M');
      const before = await readFile(first);
      const wholeBefore = await wholeOf(await openSystem(diskOf(before)));
      for (let seed = 1; seed <= (process.env['TEST_ROWS'] === 'all' ? 30 : 3); seed++) {
        const number = numbersFrom(seed);
        await copyFile(first, second);
        await writeFile(join(folder, 'content'), 'x'.repeat(number(20_000)));
        await writeFile(join(folder, 'commands'), randomChanges(number, join(folder, 'content')).join('\n'));
        await runTool('debugfs', '-w', '-f', join(folder, 'commands'), second);
        const after = await readFile(second);
        const expected = differencesOf(wholeBefore, await wholeOf(await openSystem(diskOf(after))));
        for (const changed of [changedClusters(before, after), [{ start: 0, end: before.length }]]) {
          assert.deepEqual(await changesBetween(diskOf(before), diskOf(after), changed), expected, `seed ${seed}`);
        }
        assert.ok(expected.length > 3);
        assert.deepEqual(await changesBetween(diskOf(after), diskOf(after), []), []);
      }
    });
  }

  it('reads a part of what a walk over everything reads', async () => {
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await rm(first);
    await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', join(folder, 'linux'), first, '60M');
    await copyFile(first, second);
    await runTool('debugfs', '-w', '-R', 'set_inode_field /many/file-7 mode 0100600', second);
    const [before, after] = [diskOf(await readFile(first)), diskOf(await readFile(second))];
    const changed = changedClusters(await readFile(first), await readFile(second));
    assert.deepEqual(await changesBetween(before, after, changed), ['changed many/file-7']);
    const read = before.readBytes + after.readBytes;
    await Promise.all([before, after].map(async (disk) => wholeOf(await openSystem(disk))));
    assert.ok(read < (before.readBytes + after.readBytes - read) / 5, `${read} bytes`);
  });

  it('finds what only a journal has', async () => {
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await rm(first);
    await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-b', '1024', '-d', join(folder, 'linux'), first, '60M');
    await copyFile(first, second);
    const block = (await runTool('debugfs', '-R', 'bmap /tiny 0', first)).trim();
    await writeFile(join(folder, 'content'), 'JOURNALED'.padEnd(1024));
    await writeFile(join(folder, 'commands'), `jo -c -v 3\njw -b ${block} ${join(folder, 'content')}\njc`);
    await runTool('debugfs', '-w', '-f', join(folder, 'commands'), second);
    const [before, after] = [await readFile(first), await readFile(second)];
    const changed = changedClusters(before, after);
    assert.deepEqual(await changesBetween(diskOf(before), diskOf(after), changed), ['changed tiny']);
  });

  it('compares a FAT by sizes, times and places, and reads what changed', async () => {
    const [first, second] = [join(folder, 'fat-first'), join(folder, 'fat-second')];
    await runTool('mkfs.vfat', '-C', first, '24000');
    for (const name of ['etc', 'many', 'tiny']) {
      await runTool('mcopy', '-s', '-m', '-i', first, join(folder, 'plain', name), '::');
    }
    await copyFile(first, second);
    await writeFile(join(folder, 'content'), 'new');
    await runTool('mcopy', '-o', '-i', second, join(folder, 'content'), '::/tiny');
    await runTool('mdel', '-i', second, '::/many/file-3');
    await runTool('mcopy', '-i', second, join(folder, 'content'), '::/etc/new');
    await runTool('mmove', '-i', second, '::/many/file-4', '::/etc');
    const [before, after] = [await readFile(first), await readFile(second)];
    const expected = differencesOf(
      await wholeOf(await openSystem(diskOf(before))),
      await wholeOf(await openSystem(diskOf(after))),
    );
    assert.deepEqual(expected.length, 5);
    const changed = changedClusters(before, after);
    assert.deepEqual(await changesBetween(diskOf(before), diskOf(after), changed), expected);
  });
});
