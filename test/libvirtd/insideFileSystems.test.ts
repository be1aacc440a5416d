// The readers of guests' file systems, on images that other programs have made: each file, byte by byte.
import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedDisk, type Disk, DiskError, requireInside } from '../../src/wings/inside/bytes/disk.js';
import { crc32c } from '../../src/wings/inside/read/extJournal.js';
import { openExt } from '../../src/wings/inside/read/extFileSystem.js';
import { openFat } from '../../src/wings/inside/read/fatFileSystem.js';
import { FileSystemError, type FileSystemFault, findNode } from '../../src/wings/inside/read/guestFileSystem.js';
import { openNtfs } from '../../src/wings/inside/read/ntfsFileSystem.js';
import { walkFolder } from '../../src/wings/inside/read/walkFolder.js';
import { itRarely } from '../allRows.js';
import { savedNtfs } from '../guestImages.js';
import { differencesFrom, makeFolder, openRawDisk, runTool } from './insideImages.js';

/** As mke2fs takes them. */
const kinds: readonly (readonly string[])[] = [
  ['-t', 'ext4'],
  ['-t', 'ext2', '-b', '1024'],
  ['-t', 'ext3'],
  ['-t', 'ext4', '-O', 'inline_data', '-I', '1024'],
  ['-t', 'ext4', '-O', '64bit,meta_bg,^resize_inode', '-b', '1024'],
  ['-t', 'ext4', '-O', 'bigalloc'],
  ['-t', 'ext4', '-O', '^64bit,sparse_super2,^resize_inode', '-I', '128'],
];

describe('file systems of guests', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inside-'));
    await makeFolder(join(folder, 'linux'), { links: true });
    await makeFolder(join(folder, 'plain'), { links: false });
  });
  after(() => rm(folder, { recursive: true }));

  kinds.forEach((kind, index) => {
    (index < 2 ? it : itRarely)(`reads all that mke2fs ${kind.join(' ')} wrote`, async () => {
      const path = join(folder, `ext-${index}`);
      await runTool('mke2fs', '-q', '-F', ...kind, '-d', join(folder, 'linux'), path, '120M');
      const disk = await openRawDisk(path);
      const system = await openExt(disk);
      assert.ok(system);
      // mke2fs loses what is behind the first bytes of a file with a hole where it puts content into inodes.
      const lost = kind.includes('inline_data') ? ['/sparse: content'] : [];
      assert.deepEqual(await differencesFrom(system, join(folder, 'linux')), lost);
      await disk.close();
    });
  });

  for (const [bits, kilobytes] of [
    [12, 6_000],
    [16, 40_000],
    [32, 300_000],
  ] as const) {
    (bits === 16 ? it : itRarely)(`reads all that a FAT of ${bits} bits has`, async () => {
      const path = join(folder, `fat-${bits}`);
      await runTool('mkfs.vfat', '-F', String(bits), '-n', 'LABEL', '-C', path, String(kilobytes));
      for (const name of ['etc', 'usr', 'many', 'empty', 'tiny', 'A long name with späce and ✓.text']) {
        await runTool('mcopy', '-s', '-i', path, join(folder, 'plain', name), '::');
      }
      const disk = await openRawDisk(path);
      const system = await openFat(disk);
      assert.ok(system);
      assert.equal(system.label, 'LABEL');
      assert.deepEqual(await differencesFrom(system, join(folder, 'plain')), []);
      await disk.close();
    });
  }

  /** With two blocks that only its journal has newer. */
  async function makeJournaled(features: string, begin: string): Promise<string> {
    const path = join(folder, `journal-${features}-${begin}`.replaceAll(' ', ''));
    const from = join(folder, 'linux');
    await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-b', '1024', '-O', features, '-d', from, path, '120M');
    const blockOf = async (name: string): Promise<string> =>
      (await runTool('debugfs', '-R', `bmap ${name} 0`, path)).trim();
    const [newer, marked] = [join(folder, 'newer'), join(folder, 'marked')];
    await writeFile(newer, 'JOURNALED');
    // As the journal's own blocks begin: it has to hide that.
    await writeFile(marked, Buffer.from([0xc0, 0x3b, 0x39, 0x98, 0x61]));
    await truncate(newer, 1024);
    await truncate(marked, 1024);
    const commands = join(folder, 'commands');
    const write = [`jw -b ${await blockOf('/tiny')} ${newer}`, `jw -b ${await blockOf('/etc/hosts')} ${marked}`];
    await writeFile(commands, [begin, ...write, 'jc'].join('\n'));
    await runTool('debugfs', '-w', '-f', commands, path);
    return path;
  }

  async function writeAt(path: string, at: number, bytes: readonly number[]): Promise<void> {
    const file = await open(path, 'r+');
    await file.write(Buffer.from(bytes), 0, bytes.length, at);
    await file.close();
  }

  async function journalAt(path: string, block: number): Promise<number> {
    return Number(await runTool('debugfs', '-R', `bmap <8> ${block}`, path)) * 1024;
  }

  async function withExt(
    path: string,
    use: (system: Awaited<ReturnType<typeof openExt>>) => Promise<void>,
  ): Promise<void> {
    const disk = await openRawDisk(path);
    try {
      await use(await openExt(disk));
    } finally {
      await disk.close();
    }
  }

  const faultOf = (fault: FileSystemFault, detail?: string) => (error: unknown) =>
    error instanceof FileSystemError && error.fault === fault && (detail === undefined || error.detail === detail);

  for (const [features, begin] of [
    ['metadata_csum', 'jo -c -v 3'],
    ['^metadata_csum', 'jo -c -v 2'],
    ['^metadata_csum,^64bit', 'jo'],
    ['metadata_csum,metadata_csum_seed,fast_commit', 'jo -c -v 3'],
  ] as const) {
    (begin.endsWith('3') ? it : itRarely)(`replays a journal of ext4 with ${features}`, async () => {
      await withExt(await makeJournaled(features, begin), async (system) => {
        assert.equal(system?.journal, 'replayed');
        const read = async (file: string): Promise<string> => {
          const node = await findNode(system, file);
          return (await system.read(node, 0, 5)).toString('latin1');
        };
        assert.equal(await read('/tiny'), 'JOUR');
        assert.equal(await read('/link'), '\xc0\x3b\x39\x98a');
      });
    });
  }

  for (const [what, begin, block, at] of [
    ['a block', 'jo -c -v 3', 2, 100],
    ['a block', 'jo -c -v 2', 2, 100],
    ['its descriptor', 'jo -c -v 3', 1, 200],
    ['its commit', 'jo -c -v 3', 4, 100],
    ['its superblock', 'jo -c -v 3', 0, 200],
  ] as const) {
    it(`replays no journal with a wrong checksum of ${what} (${begin})`, async () => {
      const path = await makeJournaled(begin.endsWith('3') ? 'metadata_csum' : '^metadata_csum', begin);
      await writeAt(path, (await journalAt(path, block)) + at, [0x55]);
      await withExt(path, () => Promise.resolve()).then(
        () => assert.fail('it was read'),
        (error: unknown) => assert.ok(faultOf('damaged')(error), String(error)),
      );
    });
  }

  it('names fast commits that it does not replay', async () => {
    const path = await makeJournaled('metadata_csum,fast_commit', 'jo -c -v 3');
    const disk = await openRawDisk(path);
    const head = await disk.read(await journalAt(path, 0), 1024);
    const commit = await disk.read(await journalAt(path, head.readUInt32BE(0x1c) + 3), 1024);
    await disk.close();
    const fast = head.readUInt32BE(0x10) - (head.readUInt32BE(0x54) || 256) + 1;
    const next = Buffer.alloc(4);
    next.writeUInt32LE(commit.readUInt32BE(8) + 1);
    await writeAt(path, await journalAt(path, fast), [9, 0, 8, 0, 0, 0, 0, 0, ...next]);
    // Its feature, and the checksum of the superblock with it.
    head.writeUInt8(head.readUInt8(0x2b) | 0x20, 0x2b);
    head.writeUInt32BE(0, 0xfc);
    head.writeUInt32BE(crc32c(~0, head), 0xfc);
    await writeAt(path, await journalAt(path, 0), [...head]);
    await assert.rejects(
      withExt(path, () => Promise.resolve()),
      faultOf('unsupported', 'fast_commit'),
    );
  });

  it('names a journal on another disk that is not empty', async () => {
    const [path, journal] = [join(folder, 'outside'), join(folder, 'outside-journal')];
    await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-O', '^has_journal', path, '24M');
    await runTool('mke2fs', '-q', '-F', '-O', 'journal_dev', '-b', '1024', journal, '8M');
    await runTool('debugfs', '-w', '-R', 'feature has_journal', path);
    await withExt(path, (system) => Promise.resolve().then(() => assert.ok(system)));
    await runTool('debugfs', '-w', '-R', 'feature needs_recovery', path);
    await assert.rejects(
      withExt(path, () => Promise.resolve()),
      faultOf('unsupported', 'external_journal'),
    );
    await assert.rejects(
      withExt(journal, () => Promise.resolve()),
      faultOf('unsupported', 'journal_dev'),
    );
  });
});

/** The same numbers for the same seed: a failure can be looked at again. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('damaged file systems of guests', () => {
  const seeds = process.env['TEST_ROWS'] === 'all' ? 400 : 40;
  /** The most reads of one image: each of its metadata may be read some times, and no more. */
  const mostReads = 20_000;

  for (const [name, make] of [
    [
      'ext4',
      (path: string, from: string) =>
        runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-b', '1024', '-d', from, path, '24M'),
    ],
    ['ext2', (path: string, from: string) => runTool('mke2fs', '-q', '-F', '-t', 'ext2', '-d', from, path, '24M')],
    [
      'vfat',
      async (path: string, from: string) => {
        await runTool('mkfs.vfat', '-C', path, '24000');
        await runTool('mcopy', '-s', '-i', path, join(from, 'many'), '::');
      },
    ],
    ['ntfs', (path: string) => writeFile(path, savedNtfs())],
  ] as const) {
    it(`ends with an error of the reader, or reads ${name} on`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'inside-'));
      try {
        await makeFolder(join(folder, 'from'), { links: name.startsWith('ext') });
        await make(join(folder, 'image'), join(folder, 'from'));
        const whole = await readFile(join(folder, 'image'));
        for (let seed = 1; seed <= seeds; seed++) {
          await readDamaged(whole, seed);
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }

  async function readDamaged(whole: Buffer, seed: number): Promise<void> {
    const number = numbersFrom(seed);
    const bytes = Buffer.from(whole);
    // What a damaged superblock says ends it at once: most leave it as it is.
    const first = seed % 8 === 0 ? 1024 : 2048;
    for (let at = 0; at < 200; at++) {
      const place = number(2) === 0 ? number(64 * 1024) : number(2 * 1024 * 1024);
      bytes.writeUInt8(number(256), first + place);
    }
    let reads = 0;
    const disk: Disk = {
      bytes: bytes.length,
      read: (at, length) => {
        reads += 1;
        requireInside(disk, at, length);
        return Promise.resolve(bytes.subarray(at, at + length));
      },
    };
    try {
      const cached = cachedDisk(disk);
      const system = (await openExt(cached)) ?? (await openNtfs(cached)) ?? (await openFat(cached));
      if (system !== undefined) {
        await walkFolder(system, system.root, new AbortController().signal, async ({ node, kind }) => {
          if (kind === 'file') {
            await system.read(node, 0, 64 * 1024).catch(passFault);
          }
        });
      }
    } catch (error) {
      passFault(error);
    }
    assert.ok(reads < mostReads, `${reads} reads with the seed ${seed}`);
  }

  function passFault(error: unknown): void {
    if (!(error instanceof FileSystemError || error instanceof DiskError)) {
      throw error;
    }
  }
});
