// The disks of a backup as their files can be read where they are, without a restore. Whoever wrote the backup could
// have named what it likes, so each image must be what the manifest says, and rest on files of the backup alone.
import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { undefinedIfAbsent } from '../../../base/errno.js';
import type { ImageHost } from '../../../qemu/qemuImg.js';
import { CopiesFault } from '../copiesFault.js';
import { disks as disksFolder } from '../plain/hostFolder.js';
import { type CopiedFile, documentsOf, type Manifest } from '../vm/manifest.js';
import { type AskCopies, requirePoint } from './onePoint.js';
import { requireImage } from './requireImage.js';

export interface CopiedDisk {
  /** As the guest names it. */
  readonly target: string;
  /** On this computer. Each rests on the next one. */
  readonly layers: readonly [Layer, ...Layer[]];
  /** A snapshot inside the first, in place of what that is now. */
  readonly tag?: string;
}

interface Layer {
  readonly file: string;
  readonly format: 'qcow2' | 'raw';
}

/** Where the backup has a file. @throws CopiesFault `brokenBackup` */
export type PlaceOf = (file: CopiedFile) => Promise<string>;

/**
 * @param wanted name or title of a snapshot; absent: the current state
 * @throws CopiesFault `brokenBackup`, `noPresent`; Failure `notFound`, `ambiguous`
 */
export async function copiedDisks(
  ask: AskCopies,
  manifest: Manifest,
  wanted: string | undefined,
  { placeOf, host }: { readonly placeOf: PlaceOf; readonly host: ImageHost },
): Promise<readonly CopiedDisk[]> {
  const documents = documentsOf(manifest);
  const points = await ask((copies) => copies.points(documents));
  if (wanted === undefined && !manifest.present) {
    throw new CopiesFault({ kind: 'noPresent', snapshots: points.map(({ title }) => title) });
  }
  const point = wanted === undefined ? undefined : requirePoint(points, wanted, manifest.vm.name);
  const disks =
    point?.disks.filter(({ content }) => content !== 'no') ??
    (await ask((copies) => copies.presentDisks(documents.definition)));
  const known = new Map(manifest.files.map((file) => [file.path, file]));
  const found: CopiedDisk[] = [];
  for (const { target, file, content } of disks) {
    const layers = await layersOf(known.get(file), known, { placeOf, host });
    found.push({ target, layers, ...(content === 'internal' && point !== undefined && { tag: point.name }) });
  }
  return found;
}

async function layersOf(
  top: CopiedFile | undefined,
  known: ReadonlyMap<string, CopiedFile>,
  { placeOf, host }: { readonly placeOf: PlaceOf; readonly host: ImageHost },
): Promise<CopiedDisk['layers']> {
  if (top?.content !== 'stored' || top.role !== 'disk') {
    throw new CopiesFault({ kind: 'brokenBackup' });
  }
  const { format = 'raw', backing, path } = top;
  const { file, image } = await orUnreadable(path, async () => {
    const place = await placeOf(top);
    return { file: place, image: await requireImage(place, top, host) };
  });
  if ((image.backing === undefined) !== (backing === undefined)) {
    throw new CopiesFault({ kind: 'brokenBackup' });
  }
  const below = backing === undefined ? [] : await layersOf(known.get(backing), known, { placeOf, host });
  return [{ file, format }, ...below];
}

/** @throws CopiesFault `unreadable`: the file may be for another user */
async function orUnreadable<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Error && 'syscall' in error
      ? new CopiesFault({ kind: 'unreadable', file, said: error.message }, error)
      : error;
  }
}

/** Of an export or replica on this computer. @param folder that of its manifest */
export async function placesInFolder(folder: string): Promise<PlaceOf> {
  const root = join(await realpath(folder), disksFolder);
  return ({ place, bytes }) => requireFile(root, place, bytes);
}

/** Of a backup, whose files are there under their whole paths. */
export async function placesInMounted(folder: string): Promise<PlaceOf> {
  const root = await realpath(folder);
  return ({ stored, bytes }) => requireFile(root, stored, bytes);
}

/** A link would lead out of the folder. */
async function requireFile(root: string, name: string | undefined, bytes: number): Promise<string> {
  const path = join(root, name ?? '');
  const found = name === undefined ? undefined : await undefinedIfAbsent(lstat(path));
  if (found?.isFile() !== true || found.size !== bytes || (await realpath(path)) !== path) {
    throw new CopiesFault({ kind: 'brokenBackup' });
  }
  return path;
}
