// A backup as if the VM had one snapshot alone, as its current state: which of the files that takes.
import { posix } from 'node:path';
import type { CopiedPoint, PointDisk } from '../../../domain/copiedVm.js';
import { Failure } from '../../../domain/failure.js';
import { stateCopy } from '../../../domain/chains/stateCopies.js';
import { ImageCommand } from '../../../qemu/imageCommands.js';
import { JudgedChain } from '../../../qemu/judgedChain.js';
import { readImage, readTag } from '../../../qemu/localImage.js';
import type { ImageHost } from '../../../qemu/qemuImg.js';
import { copiesFailure } from '../copiesFailure.js';
import type { CopiesEngine } from '../../../transfer/lookAtVm.js';
import { tpmOfPoint } from '../../../transfer/tpmStates.js';
import { type CopiedFile, documentsOf, type Manifest } from '../../../transfer/manifest.js';

export interface OnePoint {
  /** Without snapshots; its current state is that of the snapshot. */
  readonly manifest: Manifest;
  readonly title: string;
  readonly hasRam: boolean;
  /** Disks that the snapshot does not hold, as the guest names them; `TPM`. */
  readonly notHeld: readonly string[];
  /** The tags of images that hold the snapshot inside. */
  readonly tags: readonly ImageTag[];
}

type Copies = Parameters<Parameters<CopiesEngine['withCopies']>[1]>[0];
/** Asks a connection, which makes a Failure of each error: a refusal here must stay outside of it. */
export type AskCopies = <T>(work: (copies: Copies) => Promise<T>) => Promise<T>;

interface ImageTag {
  readonly path: string;
  readonly tag: string;
}

/**
 * | disk in the snapshot      | restored as                                          |
 * |---------------------------|------------------------------------------------------|
 * | external                  | a new overlay on the file that the snapshot froze    |
 * | internal                  | the image, gone back to its tag                      |
 * | none                      | as the backup has it: of a later time, which is said |
 *
 * @param wanted its name, or a title that only one has
 * @throws Failure `notFound`, `ambiguous`, `brokenBackup`
 */
export async function onePoint(ask: AskCopies, manifest: Manifest, wanted: string): Promise<OnePoint> {
  const documents = documentsOf(manifest);
  const point = requirePoint(await ask((copies) => copies.points(documents)), wanted, manifest.vm.name);
  const known = new Map(manifest.files.map((file) => [file.path, file]));
  const cipher = point.disks.find(({ file, content }) => content === 'internal' && known.get(file)?.encrypted === true);
  if (cipher !== undefined) {
    throw copiesFailure('encrypted', { file: cipher.file });
  }
  const overlays = point.disks.flatMap((disk) => (disk.content === 'external' ? [overlayOn(disk, known)] : []));
  overlays.forEach(({ file }) => known.set(file.path, file));
  const ofDisks = overlays.map(({ target, file }) => ({ target, file: file.path }));
  const definition = await ask((copies) => copies.pointDefinition(documents, point.name, ofDisks));
  const { files } = await ask((copies) => Promise.resolve(copies.filesIn({ definition, snapshots: [] })));
  const tpm = manifest.tpm === undefined ? undefined : tpmOfPoint(manifest.tpm, point.name);
  return {
    manifest: {
      vm: manifest.vm,
      madeAt: manifest.madeAt,
      libvirt: manifest.libvirt,
      present: true,
      definition,
      snapshots: [],
      files: withBacking(files, known).map((file) =>
        file.path === point.variables ? variablesOf(file, point, known) : file,
      ),
      ...(tpm !== undefined && { tpm: tpm.states }),
    },
    title: point.title,
    hasRam: point.hasRam,
    notHeld: [
      ...point.disks.filter(({ content }) => content === 'no').map(({ target }) => target),
      ...(tpm?.isHeld === false ? ['TPM'] : []),
    ],
    tags: point.disks.flatMap(({ content, file: path }) => (content === 'internal' ? [{ path, tag: point.name }] : [])),
  };
}

export function requirePoint(points: readonly CopiedPoint[], wanted: string, vm: string): CopiedPoint {
  const named = points.filter(({ name }) => name === wanted);
  const found = named.length > 0 ? named : points.filter(({ title }) => title === wanted);
  const [point, ...others] = found;
  if (point === undefined) {
    throw new Failure('notFound', { vm, snapshot: wanted });
  }
  if (others.length > 0) {
    throw new Failure('ambiguous', { vm, snapshot: wanted, candidates: found.map(({ name }) => name) });
  }
  return point;
}

/** Called after the disk, and as no other file. */
function overlayOn(
  { target, file: frozen }: PointDisk,
  known: ReadonlyMap<string, CopiedFile>,
): { readonly target: string; readonly file: CopiedFile } {
  const below = known.get(frozen);
  if (below?.content !== 'stored' || below.role !== 'disk') {
    throw copiesFailure('brokenBackup');
  }
  const names = new Set([...known.keys()].map((path) => posix.basename(path)));
  let own = `${target}.qcow2`;
  for (let count = 2; names.has(own); count++) {
    own = `${target}-${count}.qcow2`;
  }
  return {
    target,
    file: {
      path: posix.join(posix.dirname(frozen), own),
      role: 'disk',
      content: 'overlay',
      bytes: 0,
      allocatedBytes: 0,
      format: 'qcow2',
      virtualBytes: below.virtualBytes ?? 0,
      backing: frozen,
    },
  };
}

/** What rests on others, with these; what is not known is refused when the VM is defined. */
function withBacking(paths: readonly string[], known: ReadonlyMap<string, CopiedFile>): readonly CopiedFile[] {
  const found = new Set<CopiedFile>();
  for (const path of paths) {
    for (let at = known.get(path); at !== undefined; at = known.get(at.backing ?? '')) {
      found.add(at);
    }
  }
  return [...found];
}

/** The snapshot's copy of them, where there is one. */
function variablesOf(file: CopiedFile, { name }: CopiedPoint, known: ReadonlyMap<string, CopiedFile>): CopiedFile {
  const copy = known.get(stateCopy(file.path, name));
  return copy?.content === 'stored' ? { ...copy, path: file.path } : file;
}

/** Goes back to the tag in each image, and removes the tags. @param places by the name of a file in the backup */
export async function applyTags(
  tags: readonly ImageTag[],
  places: ReadonlyMap<string, string>,
  host: ImageHost,
): Promise<void> {
  for (const { path, tag } of tags) {
    const file = places.get(path) ?? '';
    const details = { doing: 'going back to a snapshot in an image', path: file };
    const inside = await readTag(file, tag, host.files);
    if (inside === undefined) {
      throw copiesFailure('brokenBackup');
    }
    // By its ID: a name of digits is taken for that of another one.
    // What it rests on has not its name yet.
    await JudgedChain.within({ file, format: 'qcow2', below: [] }, host.files, async (image) => {
      await host.qemuImg.run(ImageCommand.applyTag(image, inside.id), details);
      const facts = await readImage(file, host, 'qcow2', 'tags');
      for (const one of facts === 'unknown' ? [] : (facts.tags ?? [])) {
        await host.qemuImg.run(ImageCommand.removeTag(image, one), details);
      }
    });
  }
}
