// What other people do to the files of a VM's disks, and to its definition. Knows no history and no model.
import { copyFile, mkdir, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { type Content, makeBlock } from '../oracle/blocks.js';
import { chainOf, type Image, type Layer } from '../oracle/images.js';
import type { ForeignAction, Label } from './action.js';

export const mebibyte = 1024 ** 2;

/** `cp -p`: the file is the same one, with other content and the time of what was copied. */
export async function copyOver(file: string, format: string, larger: boolean): Promise<void> {
  const other = `${file}.other`;
  await copyFile(file, other);
  await runOk('qemu-io', ['-f', format, '-c', 'write -q -P 0xee 1M 64k', other]);
  await (larger ? runOk('qemu-img', ['resize', '-q', '-f', format, other, '+1M']) : undefined);
  const hourAgo = new Date(Date.now() - 3_600_000);
  await utimes(other, hourAgo, hourAgo);
  await runOk('cp', ['-p', other, file]);
  await rm(other);
}

/** To a folder beside it. Returns its new path. */
export async function moveFile(file: string): Promise<string> {
  const place = join(dirname(file), 'moved', basename(file));
  await mkdir(dirname(place), { recursive: true });
  await rename(file, place);
  return place;
}

/** Overlays that libvirt names have no ending: `h-0.1700000000`, `h-0.by-virsh-s1`. */
const isOfDisk = /\.(?:qcow2|raw)$|^[^.]+-\d+\./u;

/** So that all images in the folder and below it which stand on it find it there. Returns its new path. */
export async function moveLayer(layer: Image, folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).flatMap((entry) =>
    entry.isFile() && isOfDisk.test(entry.name) ? [join(entry.parentPath, entry.name)] : [],
  );
  const above: string[] = [];
  for (const file of files) {
    const [, below] = await layersOf({ file, format: 'qcow2' });
    if (below?.file === layer.file) {
      above.push(file);
    }
  }
  const place = await moveFile(layer.file);
  for (const file of above) {
    await runOk('qemu-img', ['rebase', '-q', '-u', '-f', 'qcow2', '-F', layer.format, '-b', place, file]);
  }
  return place;
}

/** Those that can be found: somebody may have taken one away. */
export async function layersOf(image: Image): Promise<readonly Layer[]> {
  try {
    return await chainOf(image);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

/** The definition that somebody has kept, or has generated anew. */
export async function redefined(
  xml: string,
  disks: ReadonlyMap<string, Image>,
  { on, uuid }: Extract<ForeignAction, { do: 'redefine' }>,
): Promise<string> {
  let made = uuid === 'new' ? xml.replace(/<uuid>[^<]*/u, `<uuid>${randomUUID()}`) : xml;
  for (const image of on === 'base' ? disks.values() : []) {
    const base = (await chainOf(image)).at(-1)!;
    made = made.replace(
      new RegExp(`<driver name='qemu' type='[^']*'([^>]*)>\\s*<source file='${image.file}'`, 'u'),
      `<driver name='qemu' type='${base.format}'$1><source file='${base.file}'`,
    );
  }
  return made;
}

/** What another disk is called; the guest does not see it. */
export const plugTarget = 'vdz';

/** The number of the disk that its blocks tell. */
export const plugDisk = 25;

/** What it holds, always. */
export const plugContent: Content = new Map([[3, 42]]);

export function plugFile(folder: string, label: Label): string {
  return join(folder, `plug-${label}.qcow2`);
}

export async function makePlug(file: string): Promise<void> {
  const raw = `${file}.tmp`;
  const bytes = Buffer.alloc(mebibyte);
  for (const [block, seed] of plugContent) {
    const made = makeBlock(plugDisk, block, seed);
    made.copy(bytes, block * made.length);
  }
  await writeFile(raw, bytes);
  await runOk('qemu-img', ['convert', '-q', '-f', 'raw', '-O', 'qcow2', raw, file]);
  await rm(raw);
}
