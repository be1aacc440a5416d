// What changed between two layers of a disk with 30,000 files of which 100 changed, against a walk over both that reads
// everything: how long each takes, and how much it reads.
import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedDisk, type Disk } from '../../src/wings/inside/bytes/disk.js';
import { serveImage } from '../../src/wings/inside/bytes/servedImage.js';
import { changedRanges } from '../../src/wings/inside/changes/compareVolumes.js';
import { changesBelow, compareSystems } from '../../src/wings/inside/changes/compareVolumes.js';
import { openExt } from '../../src/wings/inside/read/extFileSystem.js';
import { walkFolder } from '../../src/wings/inside/read/walkFolder.js';
import { openRawDisk, runTool } from '../libvirtd/insideImages.js';
import { report, sideBySide } from './measure.js';

const folders = 1_000;
const filesInEach = 30;
const changedFiles = 100;
const rounds = 3;
const clusterBytes = 64 * 1024;
/** As the wing opens a file system to compare it. */
const comparedBlockBytes = 4096;
const { signal } = new AbortController();

const folder = mkdtempSync(join(tmpdir(), 'changed-files-'));
const at = (name: string): string => join(folder, name);
const images = [
  { file: at('base'), format: 'raw' },
  { file: at('overlay'), format: 'qcow2' },
] as const;

void measure().finally(() => rm(folder, { recursive: true }));

async function measure(): Promise<void> {
  await makeImages();
  let [ours, whole] = [0, 0];
  const ms = await sideBySide(rounds, {
    ours: async () => (ours = await compare()),
    whole: async () => (whole = await walkBoth()),
  });
  const against = 'a walk over both that reads and hashes every file';
  const name = `what changed: ${folders * filesInEach} files, ${changedFiles} changed`;
  report({ name: `${name}, time`, ours: ms.ours, baseline: ms.whole, unit: 'ms', goal: 0.05, against });
  report({ name: `${name}, bytes read`, ours, baseline: whole, unit: 'B', goal: 0.05, against });
}

/** A raw base, and an overlay with the clusters that a guest would have written. */
async function makeImages(): Promise<void> {
  const content = Buffer.from(
    Uint32Array.from({ length: 16_384 }, (_, index) => Math.imul(index, 2_654_435_761)).buffer,
  );
  for (let one = 0; one < folders; one++) {
    await mkdir(at(`root/${one}`), { recursive: true });
    for (let file = 0; file < filesInEach; file++) {
      const bytes = 1 + ((one * 7_919 + file * 104_729) % (48 * 1024));
      await writeFile(at(`root/${one}/${file}`), content.subarray((one * 13 + file) % 16_000).subarray(0, bytes));
    }
  }
  await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', at('root'), at('base'), '2G');
  await copyFile(at('base'), at('later'));
  await writeFile(at('text'), 'changed\n');
  const paths = Array.from({ length: changedFiles }, (_, one) => `/${(one * 37) % folders}/${one % filesInEach}`);
  await writeFile(at('commands'), paths.flatMap((path) => [`rm ${path}`, `write ${at('text')} ${path}`]).join('\n'));
  await runTool('debugfs', '-w', '-f', at('commands'), at('later'));
  await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', at('base'), '-F', 'raw', at('overlay'));
  const [base, later] = [await openRawDisk(at('base')), await openRawDisk(at('later'))];
  const writes: string[] = [];
  for (let place = 0; place < later.bytes; place += clusterBytes) {
    const cluster = await later.read(place, clusterBytes);
    if (!cluster.equals(await base.read(place, clusterBytes))) {
      await writeFile(at(`piece-${place}`), cluster);
      writes.push('-c', `write -s ${at(`piece-${place}`)} ${place} ${clusterBytes}`);
    }
  }
  await Promise.all([base.close(), later.close()]);
  await runTool('qemu-io', '-f', 'qcow2', ...writes, at('overlay'));
}

/** @returns the bytes that were read */
async function withBoth(use: (before: Disk, after: Disk) => Promise<void>): Promise<number> {
  let read = 0;
  const open = await Promise.all(
    images.map(async (image) => {
      const served = await serveImage(image, process.env, signal);
      if (served === undefined) {
        throw new Error('qemu-nbd is not installed');
      }
      return served;
    }),
  );
  const [before, after] = open.map((served): Disk => ({
    bytes: served.bytes,
    read: (place, length) => {
      read += length;
      return served.read(place, length);
    },
  }));
  try {
    await use(before!, after!);
  } finally {
    open.forEach((served) => served.close());
  }
  return read;
}

function compare(): Promise<number> {
  return withBoth(async (before, after) => {
    const changed = await changedRanges(images[0], images[1], process.env);
    const [older, newer] = [
      await openExt(cachedDisk(before, comparedBlockBytes)),
      await openExt(cachedDisk(after, comparedBlockBytes)),
    ];
    const found = await compareSystems(older!, newer!, { changed, signal });
    const { changes } = typeof found === 'string' ? { changes: [] } : await changesBelow(found, '/', 1_000);
    if (changes.length !== changedFiles) {
      throw new Error(`${changes.length} changes`);
    }
  });
}

function walkBoth(): Promise<number> {
  return withBoth(async (before, after) => {
    const digests: ReadonlyMap<string, string>[] = [];
    for (const disk of [before, after]) {
      const system = (await openExt(cachedDisk(disk)))!;
      const found = new Map<string, string>();
      await walkFolder(system, system.root, signal, async ({ node, kind, path }) => {
        if (kind === 'file') {
          const { bytes } = await system.facts(node);
          found.set(
            path,
            createHash('sha1')
              .update(await system.read(node, 0, bytes))
              .digest('hex'),
          );
        }
      });
      digests.push(found);
    }
    const [one, other] = digests;
    const different = [...one!].filter(([path, digest]) => other!.get(path) !== digest).length;
    if (different !== changedFiles) {
      throw new Error(`${different} differ`);
    }
  });
}
