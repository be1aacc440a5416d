// What deleting a snapshot really gives back, found out by deleting it: the refcounts before and after are compared
// with what was said. In a table's last cluster only the blocks that were written count.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { BadImage, ReadLimitError } from '../../src/qemu/imageBytes.js';
import { internalSizes } from '../../src/qemu/qcow2Sizes.js';
import { readQcow2Snapshots } from '../../src/qemu/qcow2Snapshots.js';
import type { InternalSizes } from '../../src/domain/imageContents.js';
import { seededRandom } from '../histories/random.js';
import { headerOf, inMemory, mebibyte } from '../unit/qemu/imageInMemory.js';
import { readRefcounts } from './qcow2Refcounts.js';

describe('sizes of snapshots inside an image', () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);
  const img = (...args: string[]): Promise<string> => runOk('qemu-img', args);
  const io = (name: string, ...commands: string[]): Promise<string> =>
    runOk('qemu-io', [...commands.flatMap((command) => ['-c', command]), file(name)]);
  const said = async (name: string): Promise<InternalSizes> => {
    const image = inMemory(await readFile(file(name)), 512 * mebibyte);
    const header = await headerOf(image);
    return internalSizes(image, header, await readQcow2Snapshots(image, header), 'still');
  };
  const create = (name: string, size: string, ...options: string[]): Promise<string> =>
    img('create', '-q', '-f', 'qcow2', ...(options.length === 0 ? [] : ['-o', options.join(',')]), file(name), size);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-sizes-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Bytes of clusters that nobody uses any more after these snapshots have been deleted, in a copy. */
  async function given(name: string, ...snapshots: readonly string[]): Promise<number> {
    await copyFile(file(name), file('copy'));
    const before = await readRefcounts(file('copy'));
    for (const snapshot of snapshots) {
      await img('snapshot', '-d', snapshot, file('copy'));
    }
    const after = await readRefcounts(file('copy'));
    const gone = [...before.counts.keys()].filter((cluster) => !after.counts.has(cluster));
    const come = [...after.counts.keys()].filter((cluster) => !before.counts.has(cluster));
    return (gone.length - come.length) * before.clusterBytes;
  }

  async function compare(name: string): Promise<InternalSizes> {
    const sizes = await said(name);
    const { clusterBytes } = await readRefcounts(file(name));
    const isWithin = (told: number, freed: number, tables: number): void =>
      assert.ok(told <= freed && told > freed - tables * clusterBytes, `${name}: ${told} are told, ${freed} are freed`);
    for (const { name: snapshot, freedBytes } of sizes.snapshots) {
      isWithin(freedBytes, await given(name, snapshot), 2);
    }
    const all = sizes.snapshots.map((snapshot) => snapshot.name);
    isWithin(sizes.togetherBytes, await given(name, ...all), 1 + all.length);
    await img('check', '-q', file('copy'));
    return sizes;
  }

  it('are the clusters that were written over since', async () => {
    await create('plain', '64M');
    await io('plain', 'write -P 1 0 8M');
    await img('snapshot', '-c', 'one', file('plain'));
    await io('plain', 'write -P 2 1M 2M', 'write -P 2 20M 4M');
    await img('snapshot', '-c', 'two', file('plain'));
    await io('plain', 'write -P 3 1M 1M', 'write -P 3 7M 1M');
    const { snapshots } = await compare('plain');
    assert.deepEqual(
      snapshots.map(({ heldBytes }) => heldBytes / mebibyte),
      // One: what 1M 2M and 7M 1M covered. Two: what 1M 1M and 7M 1M did.
      [3, 2],
    );
  });

  it('count a host’s cluster once, however many compressed clusters stand in it', async () => {
    await create('compressed', '64M');
    await io('compressed', ...Array.from({ length: 64 }, (_, at) => `write -c -P ${at + 1} ${at * 64}k 64k`));
    await img('snapshot', '-c', 'one', file('compressed'));
    await io('compressed', 'write -P 99 0 1M');
    const first = await compare('compressed');
    assert.ok(first.snapshots[0]!.heldBytes < mebibyte / 4, 'compressed clusters take less than they hold');
    await img('snapshot', '-c', 'two', file('compressed'));
    await io('compressed', 'write -c -P 7 10M 64k', 'write -c -P 8 11M 64k', 'write -P 5 0 4M');
    const second = await compare('compressed');
    assert.ok(second.snapshots[0]!.heldBytes > 0);
  });

  it('count both clusters of the host in which a compressed one stands', async () => {
    // Two thirds of it cannot be made smaller, so that one ends where the next begins, in the middle of a cluster.
    const halves = Buffer.concat([randomBytes(43 * 1024), Buffer.alloc(21 * 1024)]);
    await writeFile(file('halves'), halves);
    await create('spanning', '64M');
    const writes = (from: number): string[] =>
      Array.from({ length: 5 }, (_, at) => `write -c -s ${file('halves')} ${(from + at) * 64}k 64k`);
    for (const tag of ['one', 'three', 'seventh']) {
      await io('spanning', ...writes(10 * tag.length));
      await img('snapshot', '-c', tag, file('spanning'));
      // All five in the first, the last three in the others.
      const kept = tag === 'one' ? 0 : 2;
      await io('spanning', `write -P 9 ${(10 * tag.length + kept) * 64}k ${(5 - kept) * 64}k`);
    }
    await compare('spanning');
  });

  const kinds: readonly (readonly string[])[] = [
    ['compat=0.10'],
    ['cluster_size=512'],
    ['cluster_size=4k'],
    ['cluster_size=2M'],
    ['extended_l2=on', 'cluster_size=16k'],
    ['compression_type=zstd', 'cluster_size=32k'],
    ['lazy_refcounts=on'],
  ];
  for (const [seed, options] of kinds.entries()) {
    it(`are right whatever was done to the image: ${options.join(' ')}`, async () => {
      const random = seededRandom(seed + 1);
      const name = `random${seed}`;
      await create(name, '24M', ...options);
      let next = 0;
      const tags: string[] = [];
      for (let step = 0; step < 14; step++) {
        const at = Math.floor(random.next() * 20 * 1024);
        const length = 1 + Math.floor(random.next() * 3000);
        const cluster = 2048 * Math.floor(at / 2048);
        const commands = [
          `write -P ${1 + step} ${at}k ${length}k`,
          `write -P ${1 + step} ${cluster}k 2M`,
          `write -c -P ${1 + step} ${cluster}k 2M`,
          ...(options.includes('compat=0.10') ? [] : [`write -z ${at}k ${length}k`, `write -zu ${cluster}k 2M`]),
          `discard ${cluster}k 2M`,
        ];
        const choice = Math.floor(random.next() * (commands.length + 3));
        if (choice < commands.length) {
          // QEMU writes nothing compressed where something stands already.
          await run('qemu-io', ['-c', commands[choice] ?? '', file(name)]);
        } else if (choice < commands.length + 2 || tags.length === 0) {
          tags.push(`s${next++}`);
          await img('snapshot', '-c', tags.at(-1)!, file(name));
        } else {
          const [tag] = tags.splice(Math.floor(random.next() * tags.length), 1);
          await img('snapshot', '-d', tag!, file(name));
        }
      }
      await img('snapshot', '-c', 'last', file(name));
      await io(name, 'write -P 77 3M 5M');
      await compare(name);
    });
  }

  it('hold on to what a table says, and give up on one that says too much', async () => {
    await create('spoilt', '64M');
    await io('spoilt', 'write -P 1 0 8M');
    await img('snapshot', '-c', 'one', file('spoilt'));
    await io('spoilt', 'write -P 2 0 1M');
    const bytes = await readFile(file('spoilt'));
    const l1At = Number(bytes.readBigUInt64BE(40));
    const l2At = Number(bytes.readBigUInt64BE(l1At) & 0x00ff_ffff_ffff_fe00n);
    const spoil = async (change: (copy: Buffer) => void): Promise<unknown> => {
      const copy = Buffer.from(bytes);
      change(copy);
      const image = inMemory(copy, 64 * mebibyte);
      const header = await headerOf(image);
      return internalSizes(image, header, await readQcow2Snapshots(image, header), 'still');
    };
    await assert.rejects(
      spoil((copy) => copy.writeBigUInt64BE(0x8000_0000_0000_0200n, l2At)),
      BadImage,
    );
    await assert.rejects(
      spoil((copy) => copy.writeBigUInt64BE(0x8000_0000_4000_0000n, l1At)),
      BadImage,
    );
    // Clusters all over 2^55 bytes: each would take a page of its own.
    await assert.rejects(
      spoil((copy) => {
        for (let index = 0; index < 8192; index++) {
          copy.writeBigUInt64BE(BigInt(index + 1) << 40n, l2At + index * 8);
        }
      }),
      ReadLimitError,
    );
  });
});
