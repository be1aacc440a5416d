// The disks of a backup as their files can be read where they are, without a restore. The author of the backup could
// have named any file, so each image must be what the manifest says, and rest on files of the backup alone.
import { lstat, realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { isOfWing } from '../../../domain/failure.js';
import { undefinedIfAbsent } from '../../../base/errno.js';
import type { ImageHost } from '../../../qemu/qemuImg.js';
import { copiesFailure } from '../copiesFailure.js';
import { disks as disksFolder } from '../../../transfer/hostFolder.js';
import { type CopiedFile, documentsOf, type Manifest } from '../../../transfer/manifest.js';
import { type AskCopies, requirePoint } from './onePoint.js';
import { requireImage } from './requireImage.js';

interface CopiedDisk {
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

/** Where the backup has a file: below a folder. */
export type PlaceOf = (file: CopiedFile) => { readonly root: string; readonly name: string | undefined };

/**
 * @param wanted name or title of a snapshot; absent: the current state
 * @throws Failure `brokenBackup`, `noPresent`; Failure `notFound`, `ambiguous`
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
    throw copiesFailure('noPresent', { snapshots: points.map(({ title }) => title) });
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
    throw copiesFailure('brokenBackup');
  }
  const { format = 'raw', backing, bytes } = top;
  if (top.encrypted === true) {
    throw copiesFailure('encrypted', { file: top.path });
  }
  const { root, name = '' } = placeOf(top);
  const file = join(root, name);
  // Where restic shows it is gone with the command.
  await orUnreadable(isAbsolute(name) ? name : file, async () => {
    await requireFile(file, bytes);
    const image = await requireImage(file, top, host);
    if ((image.backing === undefined) !== (backing === undefined)) {
      throw copiesFailure('brokenBackup');
    }
  });
  const below = backing === undefined ? [] : await layersOf(known.get(backing), known, { placeOf, host });
  return [{ file, format }, ...below];
}

/** @throws Failure with the name of the file; `unreadable`: it may be for another user */
async function orUnreadable(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw isOfWing(error, 'copies') || isOfWing(error, 'transfer')
      ? copiesFailure('brokenBackup', { file })
      : error instanceof Error && 'syscall' in error
        ? copiesFailure('unreadable', { file, said: error.message, cause: error })
        : error;
  }
}

/** Finds the disks of an export or replica on this computer. @param folder that of its manifest */
export async function placesInFolder(folder: string): Promise<PlaceOf> {
  const root = join(await realpath(folder), disksFolder);
  return ({ place: name }) => ({ root, name });
}

/** Finds the disks of a backup, whose snapshots of restic's have their files under their whole paths. */
export async function placesInMounted(
  mounted: string,
  files: readonly CopiedFile[],
  snapshotOf: (file: CopiedFile) => Promise<string>,
): Promise<PlaceOf> {
  const roots = new Map<string | undefined, string>();
  for (const file of files) {
    roots.set(file.stored, await realpath(join(mounted, await snapshotOf(file))));
  }
  return ({ stored: name }) => ({ root: roots.get(name) ?? mounted, name });
}

/** A link would lead out of the folder. */
async function requireFile(path: string, bytes: number): Promise<void> {
  const found = await undefinedIfAbsent(lstat(path));
  if (found?.isFile() !== true || found.size !== bytes || (await realpath(path)) !== path) {
    throw copiesFailure('brokenBackup');
  }
}
