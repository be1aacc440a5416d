// Disks of guests: file systems from any author.
import { Duplex } from 'node:stream';
import { type Disk, DiskError, requireInside } from '../../src/wings/inside/bytes/disk.js';
import { parseFault, parseNames, parseStats } from '../../src/wings/inside/bytes/guestfishWords.js';
import { serveClient } from '../../src/wings/inside/bytes/nbdServer.js';
import { readJournal } from '../../src/wings/inside/read/extJournal.js';
import { FileSystemError, type GuestFileSystem } from '../../src/wings/inside/read/guestFileSystem.js';
import { decompressLznt1 } from '../../src/wings/inside/read/ntfsStream.js';
import { openNtfs } from '../../src/wings/inside/read/ntfsFileSystem.js';
import { addRuns, type ClusterRun } from '../../src/wings/inside/read/ntfsLayout.js';
import { parseReparse } from '../../src/wings/inside/read/ntfsFileSystem.js';
import { openVolumes } from '../../src/wings/inside/read/volumes.js';
import { walkFolder } from '../../src/wings/inside/read/walkFolder.js';
import { savedNtfs } from '../guestImages.js';
import type { Random } from '../histories/random.js';
import type { Decoder } from './fuzz.js';
import { mutateBytes } from './mutate.js';

/** The most reads of one image: each of its tables may be read some times, and no more. */
const mostReads = 20_000;
const mostFiles = 40;

function countedDisk(bytes: Buffer): Disk {
  let reads = 0;
  return {
    bytes: bytes.length,
    read: (at, length) => {
      requireInside({ bytes: bytes.length }, at, length);
      if (++reads > mostReads) {
        throw new Error('more reads than the image is worth');
      }
      return Promise.resolve(bytes.subarray(at, at + length));
    },
  };
}

/** All that it has, and the begin of some files. */
async function readAll(system: GuestFileSystem | undefined): Promise<unknown> {
  const seen: unknown[] = [];
  if (system !== undefined) {
    await walkFolder(system, system.root, new AbortController().signal, async ({ node, kind, path }) => {
      if (seen.length < mostFiles) {
        seen.push(path);
        const facts = await system.facts(node);
        const content =
          kind === 'link' ? await system.readLink(node) : kind === 'file' && (await system.read(node, 0, 70_000));
        seen.push(facts, typeof content === 'string' ? content : content && content.length);
      }
    });
  }
  return seen;
}

/** Within a table of the file system, and never where its sectors end: it would be damage that is seen at once. */
function mutateTables(bytes: Buffer, tables: readonly number[], random: Random): Buffer {
  const changed = Buffer.from(bytes);
  for (let left = random.int(1, 4); left > 0; left--) {
    const at = random.pick(tables) + random.int(0, 500);
    const how = random.int(0, 2);
    if (how === 0) {
      changed.writeUInt8(random.int(0, 255), at);
    } else if (how === 1) {
      changed.writeUInt16LE(random.pick([0, 1, 8, 0x18, 0x7fff, 0xffff]), at);
    } else {
      changed.writeUInt32LE(random.pick([0, 1, 0x7fff_ffff, 0xffff_ffff, 0x1000]), at);
    }
  }
  return changed;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const ntfs = once(() => {
  const bytes = savedNtfs();
  const tables = [0];
  for (let at = 0; at < bytes.length; at += 512) {
    if (['FILE', 'INDX'].includes(bytes.toString('latin1', at, at + 4))) {
      tables.push(at);
    }
  }
  return { bytes, tables };
});

/** "aaab" again and again, as Windows packs it, and a part that is not packed. */
const packed = Buffer.from('03b00261616162fc0f0300' + '0230616263' + '0000', 'hex');
const link = Buffer.from('0c0000a0200000000000120012000000010000006500740063005c0068006f00730074007300', 'hex');

const stats =
  '[0] = {\n  st_dev: 1\n  st_ino: 7\n  st_mode: 33188\n  st_size: 12\n}\n*stdin*:3: libguestfs: error: x\n';
/** Flags, what it may do, the disk without a name, two reads, the end. */
const client = Buffer.from(
  '00000003' +
    '49484156454f50540000000800000000' +
    '49484156454f5054000000070000000600000000' +
    '0000' +
    '2560951300000000000000000000000100000000000000000000' +
    '0200' +
    '25609513000000000000000000000002000000000000100000000200' +
    '25609513000000020000000000000003000000000000000000000000',
  'hex',
);

/** A head with the features of fast commits and wide blocks; a block, one that is revoked, and their commit. */
const journal = once(() => {
  const bytes = Buffer.alloc(16 * 1024);
  const write = (block: number, ...words: readonly number[]): void =>
    words.forEach((word, index) => bytes.writeUInt32BE(word, block * 1024 + index * 4));
  const magic = 0xc03b3998;
  write(0, magic, 4, 0, 1024, 16, 1, 7, 1, 0, 0, 0x23);
  bytes.writeUInt32BE(4, 0x54);
  write(1, magic, 1, 7, 100, 2, 0, 101, 0xa, 0);
  write(4, magic, 5, 7, 24, 0, 101);
  write(5, magic, 2, 7);
  return bytes;
});

const parted = once(() => {
  const bytes = Buffer.alloc(128 * 1024);
  bytes.writeUInt8(0xee, 446 + 4);
  bytes.writeUInt32LE(1, 446 + 8);
  bytes.writeUInt32LE(255, 446 + 12);
  bytes.writeUInt16LE(0xaa55, 510);
  bytes.write('EFI PART', 512, 'latin1');
  bytes.writeUInt32LE(2, 512 + 72);
  bytes.writeUInt32LE(2, 512 + 80);
  bytes.writeUInt32LE(128, 512 + 84);
  for (const [at, start] of [
    [1024, 8],
    [1152, 136],
  ] as const) {
    bytes.writeUInt8(1, at);
    bytes.writeUInt32LE(start, at + 32);
    bytes.writeUInt32LE(start + 100, at + 40);
  }
  bytes.write('\x53\xef', 8 * 512 + 1024 + 0x38, 'latin1');
  bytes.write('\xfc\x4e\x2b\xa9\x01', 229 * 512, 'latin1');
  return bytes;
});

export const guestDiskDecoders: readonly Decoder[] = [
  {
    name: 'the journal of ext4',
    throws: [FileSystemError, DiskError],
    make: (random) => {
      const changed = mutateTables(journal(), [0, 1024, 4096, 5120], random);
      const disk = countedDisk(changed);
      return {
        kept: changed,
        decode: async () => [...(await readJournal((at) => disk.read(at * 1024, 1024), 1024)).keys()],
      };
    },
  },
  {
    name: 'what stands on a disk',
    throws: [FileSystemError, DiskError],
    make: (random) => {
      const changed = mutateTables(parted(), [0, 512, 1024, 8 * 512 + 1024, 136 * 512], random);
      return {
        kept: changed,
        decode: async () => (await openVolumes('vda', countedDisk(changed))).map(({ name, type }) => [name, type]),
      };
    },
  },
  {
    name: 'answers of guestfish',
    throws: [],
    make: (random) => {
      const changed = mutateBytes(Buffer.from(stats), random);
      const text = changed.toString('latin1');
      return {
        kept: changed,
        decode: () => [parseNames(changed), parseStats(text).map((one) => [...one]), parseFault(text)],
      };
    },
  },
  {
    name: 'a client of NBD',
    throws: [DiskError],
    make: (random) => {
      const changed = mutateBytes(client, random);
      return {
        kept: changed,
        decode: async () => {
          let written = 0;
          const socket = new Duplex({
            allowHalfOpen: false,
            read: () => undefined,
            write: (bytes: Buffer, _, done) => {
              written += bytes.length;
              done();
            },
          });
          socket.push(changed);
          socket.push(null);
          await serveClient(countedDisk(Buffer.alloc(8192)), socket);
          return written;
        },
      };
    },
  },
  {
    name: 'NTFS of a guest',
    throws: [FileSystemError, DiskError],
    make: (random) => {
      const { bytes, tables } = ntfs();
      const changed = mutateTables(bytes, tables, random);
      return { kept: changed, decode: async () => readAll(await openNtfs(countedDisk(changed))) };
    },
  },
  {
    name: 'runs of NTFS',
    throws: [FileSystemError],
    make: (random) => {
      const changed = mutateBytes(Buffer.from('3138731a2521403ffe110a05410100000001', 'hex'), random);
      return {
        kept: changed,
        decode: () => {
          const runs: ClusterRun[] = [];
          return [addRuns(changed, 0, 2 ** 24, 7, runs), runs];
        },
      };
    },
  },
  {
    name: 'compression of NTFS',
    throws: [],
    make: (random) => {
      const changed = mutateBytes(packed, random);
      return { kept: changed, decode: () => decompressLznt1(changed, 65_536)?.length };
    },
  },
  {
    name: 'links of NTFS',
    throws: [],
    make: (random) => {
      const changed = mutateBytes(link, random);
      return { kept: changed, decode: () => parseReparse(changed, 'system') };
    },
  },
];
