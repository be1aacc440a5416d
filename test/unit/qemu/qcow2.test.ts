// The reader of qcow2 against images made by hand, most of which nobody should have made.
import assert from 'node:assert/strict';
import { BadImage, boundedBytes, prefetch, ReadLimitError } from '../../../src/qemu/imageBytes.js';
import { isEmptyOverlay, snapshotsLikePresent } from '../../../src/qemu/qcow2Content.js';
import { readQcow2Header } from '../../../src/qemu/qcow2Header.js';
import { readQcow2Snapshots } from '../../../src/qemu/qcow2Snapshots.js';
import { headerOf, inMemory, mebibyte } from './imageInMemory.js';

/** The least that is a qcow2 image of version 2: a header, and an L1 table of one entry in the second cluster. */
function handMade(change: (bytes: Buffer) => void = () => undefined): Buffer {
  const bytes = Buffer.alloc(4 * 65_536);
  bytes.writeUInt32BE(0x514649fb, 0);
  bytes.writeUInt32BE(2, 4);
  bytes.writeUInt32BE(16, 20);
  bytes.writeBigUInt64BE(BigInt(mebibyte), 24);
  bytes.writeUInt32BE(1, 36);
  bytes.writeBigUInt64BE(65_536n, 40);
  change(bytes);
  return bytes;
}

/** One snapshot, its table in the third cluster. */
function withSnapshot(change: (bytes: Buffer, at: number) => void): Buffer {
  return handMade((bytes) => {
    const at = 2 * 65_536;
    bytes.writeUInt32BE(1, 60);
    bytes.writeBigUInt64BE(BigInt(at), 64);
    bytes.writeBigUInt64BE(65_536n, at);
    bytes.writeUInt32BE(1, at + 8);
    bytes.writeUInt16BE(1, at + 12);
    bytes.writeUInt16BE(3, at + 14);
    bytes.writeUInt32BE(7, at + 32);
    bytes.write('1one', at + 40);
    change(bytes, at);
  });
}

async function isBad(bytes: Buffer): Promise<void> {
  const image = inMemory(bytes);
  const read = async (): Promise<unknown> => {
    const header = await headerOf(image);
    const snapshots = await readQcow2Snapshots(image, header);
    await isEmptyOverlay(image, header);
    return snapshotsLikePresent(image, header, snapshots);
  };
  await assert.rejects(read(), BadImage);
}

describe('qcow2 made by hand', () => {
  it('the smallest image', async () => {
    const image = inMemory(handMade());
    const header = await headerOf(image);
    assert.equal(header.version, 2);
    assert.equal(header.virtualBytes, mebibyte);
    assert.equal(header.backing, undefined);
    assert.deepEqual(await readQcow2Snapshots(image, header), []);
    assert.equal(await isEmptyOverlay(image, header), true);
    assert.ok(image.total() < 2048);
  });

  it('read ahead, an image has the same bytes and the same end', async () => {
    const bytes = Buffer.from(Array.from({ length: 100 }, (_, index) => index));
    for (const length of [0, 10, 100, 1000]) {
      const ahead = await prefetch(inMemory(bytes), length);
      assert.equal(ahead.size, 100);
      for (const [at, count] of [
        [0, 0],
        [0, 10],
        [5, 10],
        [0, 100],
        [99, 1],
      ] as const) {
        assert.deepEqual(await ahead.read(at, count), bytes.subarray(at, at + count));
      }
      for (const [at, count] of [
        [99, 2],
        [-1, 2],
        [5, -1],
        [0.5, 1],
      ] as const) {
        await assert.rejects(async () => ahead.read(at, count), BadImage);
      }
    }
  });

  it('anything else is told apart by its first four bytes', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('QFI'), Buffer.from('QFI\0'), Buffer.alloc(4096, 1)]) {
      assert.equal(await readQcow2Header(inMemory(bytes)), 'notQcow2');
    }
  });

  it('a snapshot without further facts, as the first QEMUs wrote it', async () => {
    const image = inMemory(withSnapshot(() => undefined));
    assert.deepEqual(await readQcow2Snapshots(image, await headerOf(image)), [
      { id: '1', name: 'one', takenAt: 0, vmStateBytes: 7, l1: { at: 65_536, entries: 1 }, entryBytes: 48 },
    ]);
  });

  it('the same clusters in another table, told to belong to one or to several, are the same disk', async () => {
    for (const [word, expected] of [
      [0x8000_0000, ['one']],
      [0x0100_0000, []],
    ] as const) {
      const bytes = withSnapshot((made, at) => {
        // The L1 table of the snapshot stands behind the one of now; each leads to an L2 table of its own.
        made.writeBigUInt64BE(65_536n + 8n, at);
        made.writeBigUInt64BE(196_608n, 65_536);
        made.writeBigUInt64BE(262_144n, 65_536 + 8);
      });
      const tables = Buffer.alloc(65_536, 0);
      const l2 = Buffer.alloc(65_536, 0);
      l2.writeUInt32BE(word, 0);
      const image = inMemory(Buffer.concat([bytes.subarray(0, 196_608), tables, l2]));
      const header = await headerOf(image);
      assert.deepEqual(await snapshotsLikePresent(image, header, await readQcow2Snapshots(image, header)), expected);
    }
  });

  const hostile: Readonly<Record<string, Buffer>> = {
    'a header cut off': handMade().subarray(0, 71),
    'version 4': handMade((bytes) => bytes.writeUInt32BE(4, 4)),
    'version 3 without its header': handMade((bytes) => bytes.writeUInt32BE(3, 4)),
    'a feature that is not known': handMade((bytes) => {
      bytes.writeUInt32BE(3, 4);
      bytes.writeUInt32BE(104, 100);
      bytes.writeBigUInt64BE(32n, 72);
    }),
    'clusters of 4 GiB': handMade((bytes) => bytes.writeUInt32BE(32, 20)),
    'clusters of a byte': handMade((bytes) => bytes.writeUInt32BE(0, 20)),
    'a disk of 16 EiB': handMade((bytes) => bytes.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 24)),
    'a disk that its L1 table cannot map': handMade((bytes) => bytes.writeBigUInt64BE(1n << 50n, 24)),
    'an L1 table behind the end': handMade((bytes) => bytes.writeBigUInt64BE(1n << 40n, 40)),
    'an L1 table of 2^32 entries': handMade((bytes) => bytes.writeUInt32BE(0xffff_ffff, 36)),
    'an L2 table behind the end': handMade((bytes) => bytes.writeBigUInt64BE(1n << 40n, 65_536)),
    'an L2 table between clusters': handMade((bytes) => bytes.writeBigUInt64BE(512n, 65_536)),
    'a backing file of 64 KiB name': handMade((bytes) => {
      bytes.writeBigUInt64BE(72n, 8);
      bytes.writeUInt32BE(65_000, 16);
    }),
    'a backing file behind the first cluster': handMade((bytes) => {
      bytes.writeBigUInt64BE(65_530n, 8);
      bytes.writeUInt32BE(100, 16);
    }),
    'an extension longer than its cluster': handMade((bytes) => {
      bytes.writeBigUInt64BE(1000n, 8);
      bytes.writeUInt32BE(4, 16);
      bytes.writeUInt32BE(0xe2792aca, 72);
      bytes.writeUInt32BE(0xffff_fff0, 76);
    }),
    'more snapshots than the file could hold': handMade((bytes) => {
      bytes.writeUInt32BE(65_536, 60);
      bytes.writeBigUInt64BE(131_072n, 64);
    }),
    'a snapshot with 4 GiB of facts': withSnapshot((bytes, at) => bytes.writeUInt32BE(0xffff_ffff, at + 36)),
    'a name that goes beyond the file': Buffer.from(
      withSnapshot((bytes, at) => bytes.writeUInt16BE(0xffff, at + 14)).subarray(0, 2 * 65_536 + 64),
    ),
    "a snapshot's L1 table behind the end": withSnapshot((bytes, at) => bytes.writeBigUInt64BE(1n << 40n, at)),
  };
  for (const [what, bytes] of Object.entries(hostile)) {
    it(`${what} is refused`, () => isBad(bytes));
  }

  it("QEMU's own limits hold where the file has room for more", async () => {
    const many = handMade((bytes) => {
      bytes.writeUInt32BE(65_537, 60);
      bytes.writeBigUInt64BE(131_072n, 64);
    });
    await assert.rejects(headerOf(inMemory(Buffer.concat([many, Buffer.alloc(65_537 * 40)]))), BadImage);
    const talkative = inMemory(
      withSnapshot((bytes, at) => {
        bytes.fill(0, at + 40);
        bytes.writeUInt32BE(1032, at + 36);
      }),
    );
    await assert.rejects(readQcow2Snapshots(talkative, await headerOf(talkative)), BadImage);
  });

  it('no more is read than was agreed', async () => {
    const image = inMemory(handMade(), 75);
    await assert.rejects(readQcow2Header(image), ReadLimitError);
  });

  it('a file that ends sooner than it said', async () => {
    const image = boundedBytes(100, 1000, () => Promise.resolve(0));
    await assert.rejects(image.read(0, 4), BadImage);
  });
});
