// What readers of guests' disks do with names, links and tables that no honest guest has.
import assert from 'node:assert/strict';
import { cachedDisk, type Disk, requireInside } from '../../../../src/wings/inside/bytes/disk.js';
import { readJournal } from '../../../../src/wings/inside/read/extJournal.js';
import { openFat } from '../../../../src/wings/inside/read/fatFileSystem.js';
import {
  FileSystemError,
  findNode,
  type FolderEntry,
  type GuestFileSystem,
  nameOf,
} from '../../../../src/wings/inside/read/guestFileSystem.js';
import { openVolumes } from '../../../../src/wings/inside/read/volumes.js';
import { readParts } from '../../../../src/wings/inside/read/partitions.js';
import { walkFolder } from '../../../../src/wings/inside/read/walkFolder.js';

function diskOf(bytes: Buffer): Disk & { reads: number } {
  const disk = {
    bytes: bytes.length,
    reads: 0,
    read: (at: number, length: number): Promise<Buffer> => {
      disk.reads += 1;
      requireInside(disk, at, length);
      return Promise.resolve(bytes.subarray(at, at + length));
    },
  };
  return disk;
}

/** Folders as maps, links as strings, by number of node. */
function systemOf(nodes: Readonly<Record<number, Readonly<Record<string, number>> | string>>): GuestFileSystem {
  const nodeAt = (node: number): Readonly<Record<string, number>> | string => nodes[node] ?? {};
  return {
    type: 'made',
    label: '',
    journal: 'none',
    root: 1,
    facts: (node) =>
      Promise.resolve({ kind: typeof nodeAt(node) === 'string' ? 'link' : 'folder', bytes: 0, modifiedAt: 0 }),
    list: (node) =>
      Promise.resolve(Object.entries(nodeAt(node)).map(([name, own]): FolderEntry => ({ name, node: own as number }))),
    readLink: (node) => {
      const link = nodeAt(node);
      return Promise.resolve(typeof link === 'string' ? link : '');
    },
    read: () => Promise.resolve(Buffer.alloc(0)),
  };
}

describe('names of guests', () => {
  for (const [bytes, name] of [
    [Buffer.from('plain name'), 'plain name'],
    [Buffer.from('ümläut'), 'ümläut'],
    [Buffer.from('a/b'), 'a\\x2fb'],
    [Buffer.from('..'), '..'.replaceAll('.', '\\x2e')],
    [Buffer.from('esc\x1b[2J'), 'esc\\x1b[2J'],
    [Buffer.from([0x62, 0xff]), 'b\\xff'],
  ] as const) {
    it(`shows ${JSON.stringify(name)}`, () => assert.equal(nameOf(bytes), name));
  }
});

describe('paths in guests', () => {
  const system = systemOf({
    1: { etc: 2, loop: 5, up: 6, far: 7 },
    2: { hosts: 3, back: 8 },
    3: {},
    5: '/loop',
    6: '../../../etc',
    7: 'etc/hosts',
    8: '..',
  });
  for (const [path, node] of [
    ['/', 1],
    ['/etc/hosts', 3],
    ['//etc/./hosts/', 3],
    ['/etc/../../..', 1],
    ['/up/hosts', 3],
    ['/far', 3],
    ['/etc/back/etc', 2],
  ] as const) {
    it(`finds ${path}`, async () => assert.equal(await findNode(system, path), node));
  }

  it('finds a link itself', async () => assert.equal(await findNode(system, '/etc/back', 'itself'), 8));

  for (const [path, fault] of [
    ['/loop', 'tooManyLinks'],
    ['/etc/none', 'notFound'],
  ] as const) {
    it(`does not find ${path}`, () =>
      assert.rejects(findNode(system, path), (error) => error instanceof FileSystemError && error.fault === fault));
  }

  it('enters a folder once that is inside of itself', async () => {
    const seen: string[] = [];
    await walkFolder(
      systemOf({ 1: { again: 1, below: 2 }, 2: { up: 1 } }),
      1,
      new AbortController().signal,
      (entry) => {
        seen.push(entry.path);
      },
    );
    assert.deepEqual(seen.sort(), ['again', 'below', 'below/up']);
  });
});

describe('tables of partitions', () => {
  const sector = 512;
  const entry = (table: Buffer, index: number, type: number, start: number, sectors: number): void => {
    const at = 446 + index * 16;
    table.writeUInt8(type, at + 4);
    table.writeUInt32LE(start, at + 8);
    table.writeUInt32LE(sectors, at + 12);
    table.writeUInt16LE(0xaa55, 510);
  };

  it('reads logical partitions, and ends where they lead back', async () => {
    const bytes = Buffer.alloc(100 * sector);
    entry(bytes, 0, 0x83, 1, 5);
    entry(bytes, 1, 0x05, 10, 80);
    entry(bytes.subarray(10 * sector), 0, 0x83, 1, 4);
    entry(bytes.subarray(10 * sector), 1, 0x05, 20, 10);
    entry(bytes.subarray(30 * sector), 0, 0x83, 1, 6);
    entry(bytes.subarray(30 * sector), 1, 0x05, 0, 10);
    assert.deepEqual(await readParts(diskOf(bytes)), [
      { number: 1, start: sector, bytes: 5 * sector },
      { number: 5, start: 11 * sector, bytes: 4 * sector },
      { number: 6, start: 31 * sector, bytes: 6 * sector },
    ]);
  });

  it('takes a disk without a table as one part', async () => {
    assert.deepEqual(await readParts(diskOf(Buffer.alloc(4 * sector))), [{ number: 0, start: 0, bytes: 4 * sector }]);
  });

  it('reads no part of a dynamic disk of Windows', async () => {
    const bytes = Buffer.alloc(100 * sector);
    entry(bytes, 0, 0x42, 63, 30);
    assert.deepEqual(
      (await openVolumes('vda', diskOf(bytes))).map(({ name, type }) => [name, type]),
      [['vda1', 'ldm']],
    );
  });

  it('takes no table of GPT that is not on the disk', async () => {
    const bytes = Buffer.alloc(8 * sector);
    entry(bytes, 0, 0xee, 1, 7);
    bytes.write('EFI PART', sector, 'latin1');
    bytes.writeBigUInt64LE(2n ** 60n, sector + 72);
    bytes.writeUInt32LE(128, sector + 80);
    bytes.writeUInt32LE(128, sector + 84);
    assert.deepEqual(await readParts(diskOf(bytes)), [{ number: 0, start: 0, bytes: 8 * sector }]);
  });
});

describe('what is not read', () => {
  const mb = 1024 * 1024;
  const bytes = 4 * mb + 12 * 1024;

  for (const [type, at, mark] of [
    ['zfs_member', 16 * 1024 + 20, '\0\0\0\x07version'],
    ['zfs_member', 128 * 1024 + 7 * 1024, '\x0c\xb1\xba\0\0\0\0\0'],
    ['zfs_member', 4 * mb - 256 * 1024 + 16 * 1024 + 20, '\0\0\0\x07version'],
    ['VMFS_volume_member', mb, '\x0d\xd0\x01\xc0'],
    ['VMFS', 2 * mb, '\x5e\xf1\xab\x2f'],
    ['ldm', 6 * 512, 'PRIVHEAD'],
    ['ldm', bytes - 512, 'PRIVHEAD'],
    ['ReFS', 0, '\0\0\0ReFS\0'],
    ['bcachefs', 4120, '\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef'],
    ['f2fs', 1024, '\x10\x20\xf5\xf2'],
    ['jfs', 32_768, 'JFS1'],
    ['apfs', 32, 'NXSB'],
    ['DM_verity_hash', 0, 'verity\0\0'],
    ['nilfs2', 1024, '\x02\0\0\0\0\0\x34\x34'],
    ['btrfs', 0x10040, '_BHRfS_M'],
    ['linux_raid_member', bytes - 8192, '\xfc\x4e\x2b\xa9\x01'],
    ['drbd', bytes - 4096 + 60, '\x83\x74\x02\x6b'],
    ['ufs', 65_536 + 0x55c, '\x19\x01\x54\x19'],
    ['LVM2_member', 1536, 'LABELONE'],
  ] as const) {
    it(`is named: ${type} by its mark at ${at}`, async () => {
      const disk = Buffer.alloc(bytes);
      disk.write(mark, at, 'latin1');
      assert.deepEqual(
        (await openVolumes('vda', diskOf(disk))).map((volume) => volume.type),
        [type],
      );
    });
  }

  it('is nothing where there is no mark', async () => {
    assert.deepEqual(await openVolumes('vda', diskOf(Buffer.alloc(bytes))), []);
  });
});

describe('a journal of ext4 with room for fast commits', () => {
  it('goes on at its begin where that room begins', async () => {
    const bytes = Buffer.alloc(16 * 1024);
    const write = (block: number, ...words: readonly number[]): void =>
      words.forEach((word, index) => bytes.writeUInt32BE(word, block * 1024 + index * 4));
    const magic = 0xc03b3998;
    const [length, first, sequence, start, fast] = [16, 1, 7, 11, 0x20];
    write(0, magic, 4, 0, 1024, length, first, sequence, start, 0, 0, fast);
    bytes.writeUInt32BE(4, 0x54);
    write(11, magic, 1, sequence, 100, 8);
    write(2, magic, 2, sequence);
    const found = await readJournal((at) => Promise.resolve(bytes.subarray(at * 1024, (at + 1) * 1024)), 1024);
    assert.deepEqual(
      [...found].map(([target, { at }]) => [target, at]),
      [[100, 1]],
    );
  });
});

describe('a FAT whose clusters lead in a circle', () => {
  it('ends with an error', async () => {
    const bytes = Buffer.alloc(1024 * 512);
    bytes.writeUInt8(0xeb, 0);
    bytes.writeUInt16LE(512, 11);
    bytes.writeUInt8(1, 13);
    bytes.writeUInt16LE(1, 14);
    bytes.writeUInt8(1, 16);
    bytes.writeUInt16LE(16, 17);
    bytes.writeUInt16LE(1024, 19);
    bytes.writeUInt16LE(4, 22);
    bytes.writeUInt16LE(0xaa55, 510);
    // Cluster 2 leads to 3, and 3 to 2.
    bytes.writeUInt32LE(0x002003, 512 + 3);
    const root = 5 * 512;
    bytes.write('CIRCLE  TXT', root, 'latin1');
    bytes.writeUInt16LE(2, root + 26);
    bytes.writeUInt32LE(0x7fffffff, root + 28);
    const disk = diskOf(bytes);
    const system = await openFat(disk);
    assert.ok(system);
    const [file] = await system.list(system.root);
    assert.ok(file);
    assert.equal(file.name, 'CIRCLE.TXT');
    await assert.rejects(system.read(file.node, 1_000_000, 1_000_000), FileSystemError);
    assert.ok(disk.reads < 5_000, `${disk.reads} reads`);
  });
});

describe('the blocks of a disk that are kept', () => {
  it('asks once for what two readers want at the same time', async () => {
    const disk = diskOf(Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251)));
    const cached = cachedDisk(disk);
    const [one, other] = await Promise.all([cached.read(10, 5), cached.read(65_530, 12)]);
    assert.deepEqual([...one], [10, 11, 12, 13, 14]);
    assert.deepEqual(
      [...other],
      Array.from({ length: 12 }, (_, at) => (65_530 + at) % 251),
    );
    assert.equal(disk.reads, 2);
  });

  it('lets others have their turn while it answers without asking', async () => {
    const cached = cachedDisk(diskOf(Buffer.alloc(65_536)));
    await cached.read(0, 1);
    let [turns, isAtWork] = [0, true];
    const count = (): void => {
      turns += 1;
      if (isAtWork) {
        setImmediate(count);
      }
    };
    setImmediate(count);
    for (let at = 0; at < 400_000 && turns < 3; at++) {
      await cached.read(at % 65_536, 1);
    }
    isAtWork = false;
    assert.equal(turns, 3);
  });
});
