// Disk images read from outside the guest, with QEMU's own tools, also while a VM uses them. Knows no libvirt.
import { copyFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { passphrase } from '../../scripts/guest/encryptedDisk.mjs';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { blockBytes, makeBlock } from './blocks.js';

export interface Image {
  readonly file: string;
  readonly format: string;
  /** A snapshot inside a qcow2 image; absent: what the image holds now. */
  readonly tag?: string;
}

/**
 * All bytes of the disk that an image and what it rests on make, in clear.
 * @param bytes that the disk must have: qemu-img gives a snapshot inside of an image the size that the image has now,
 *   so a copy of the image is reverted to a snapshot of another size
 */
export async function readImage(image: Image, bytes?: number): Promise<Buffer> {
  const { tag } = image;
  const folder = await mkdtemp(join(tmpdir(), 'vr-look-'));
  try {
    const raw = join(folder, 'raw');
    if (tag !== undefined && bytes !== undefined && (await sizeOf(image)) !== bytes) {
      const copy = join(folder, 'copy');
      await copyFile(image.file, copy);
      await runOk('qemu-img', ['snapshot', '-q', '-a', tag, copy]);
      await runOk('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', copy, raw]);
      return await readFile(raw);
    }
    // By its name alone: of a bare word qemu-img takes the tag with that ID first.
    const inside = tag === undefined ? [] : ['-l', `snapshot.name=${tag.replaceAll(',', ',,')}`];
    await runOk('qemu-img', ['convert', '-U', ...inside, '-O', 'raw', ...(await named(image)), raw]);
    return await readFile(raw);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Into what a disk holds now. */
export async function writeBlocks(
  { file, format }: Image,
  disk: number,
  blocks: Iterable<readonly [block: number, seed: number]>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vr-write-'));
  try {
    const orders: string[] = [];
    for (const [block, seed] of blocks) {
      const bytes = join(folder, String(block));
      await writeFile(bytes, makeBlock(disk, block, seed));
      orders.push('-c', `write -q -s ${bytes} ${String(block * blockBytes)} ${String(blockBytes)}`);
    }
    await runOk('qemu-io', ['-f', format, ...orders, file]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The arguments by which QEMU's tools open an image; where it is encrypted, or rests on one that is, with the key.
 * @param guess `qemu-img snapshot` is told no format
 */
export async function named(image: Image, guess?: 'guess'): Promise<readonly string[]> {
  const { file, format } = image;
  const chain = format === 'qcow2' ? await chainOf(image) : [];
  if (!chain.some(({ encrypted }) => encrypted)) {
    return guess === undefined ? ['-f', format, file] : [file];
  }
  const opened = chain.reduceRight<object | undefined>(
    (backing, layer) => ({
      driver: layer.format,
      file: { driver: 'file', filename: layer.file },
      ...(layer.encrypted ? { encrypt: { 'key-secret': 'key' } } : {}),
      ...(backing === undefined ? {} : { backing }),
    }),
    undefined,
  );
  return ['--object', `secret,id=key,data=${passphrase}`, `json:${JSON.stringify(opened)}`];
}

/** In bytes, as the guest sees it. */
export async function sizeOf(image: Image): Promise<number> {
  const info = await runOk('qemu-img', ['info', '-U', '--output=json', ...(await named(image))]);
  return (JSON.parse(info) as { 'virtual-size': number })['virtual-size'];
}

export interface Layer extends Image {
  readonly encrypted: boolean;
}

/** The files that an image rests on, itself first, as their own headers tell (qemu/docs/interop/qcow2.txt). */
export async function chainOf(image: Image): Promise<readonly Layer[]> {
  const chain: Layer[] = [];
  let next: string | undefined = image.file;
  while (next !== undefined) {
    const backing: Backing = await backingOf(next);
    chain.push({ file: next, format: backing.format, encrypted: backing.encrypted });
    // As the kernel finds it: `..` leads up from where a link in the way leads to.
    next =
      backing.file === undefined
        ? undefined
        : isAbsolute(backing.file)
          ? backing.file
          : `${dirname(next)}/${backing.file}`;
  }
  return chain;
}

interface Backing {
  readonly format: 'qcow2' | 'raw';
  readonly encrypted: boolean;
  readonly file?: string;
}

async function backingOf(path: string): Promise<Backing> {
  const file = await open(path);
  try {
    const header = Buffer.alloc(36);
    await file.read(header, 0, header.length, 0);
    if (header.readUInt32BE(0) !== 0x514649fb) {
      return { format: 'raw', encrypted: false };
    }
    const encrypted = header.readUInt32BE(32) !== 0;
    const name = Buffer.alloc(header.readUInt32BE(16));
    if (name.length === 0) {
      return { format: 'qcow2', encrypted };
    }
    await file.read(name, 0, name.length, Number(header.readBigUInt64BE(8)));
    return { format: 'qcow2', encrypted, file: name.toString() };
  } finally {
    await file.close();
  }
}

export interface ImageHealth {
  /** Sentences; empty when the image is sound. */
  readonly errors: readonly string[];
  /** Clusters that nobody uses: wasted, not wrong. A VM that writes may show some for a moment. */
  readonly leaks: number;
}

export async function checkImage(image: Image): Promise<ImageHealth> {
  const { file, format } = image;
  if (format === 'raw') {
    return { errors: [], leaks: 0 };
  }
  const { stdout, stderr, code } = await run('qemu-img', ['check', '-U', '--output=json', ...(await named(image))]);
  const found = stdout.startsWith('{')
    ? (JSON.parse(stdout) as { corruptions?: number; leaks?: number; 'check-errors'?: number })
    : undefined;
  // 0: nothing found, 3: leaks alone.
  if (found === undefined || (code !== 0 && code !== 3)) {
    return { errors: [`${file}: qemu-img check ended with ${code}: ${stderr.trim()}`], leaks: found?.leaks ?? 0 };
  }
  return { errors: [], leaks: found.leaks ?? 0 };
}
