// Restores a VM with its snapshots from a backup. libvirt hears of it when all files are there and right.
import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { undefinedIfAbsent } from '../../../base/errno.js';
import type { FileSystem } from '../../../base/fileSystem.js';
import { isCloneName } from '../../../domain/clone.js';
import type { RestoredVm } from '../../../domain/copiedVm.js';
import { ImageCommand } from '../../../qemu/imageCommands.js';
import type { ImageHost } from '../../../qemu/qemuImg.js';
import { rebaseImage } from '../../../qemu/rebaseImage.js';
import { CopiesFault } from '../copiesFault.js';
import { markOfUs } from '../host/processMark.js';
import type { CopySource } from './copySource.js';
import type { CopiesEngine } from '../vm/lookAtVm.js';
import {
  type CopiedFile,
  documentsOf,
  folderNameOf,
  type Manifest,
  placesIn,
  readManifest,
  storedBytes,
} from '../vm/manifest.js';
import { applyTags, type AskCopies, type OnePoint, onePoint } from './onePoint.js';
import { requireImage } from './requireImage.js';
import {
  beginFolder,
  nameFolder,
  type PlacedFile,
  placeFiles,
  readLeftRestore,
  unmarkFolder,
} from './restoreFolder.js';
import { markRestored } from './setMarks.js';
import type { VmHost } from '../host/vmHost.js';

export interface RestoreWish {
  readonly connection: string;
  /** Absent: as the VM that it was. */
  readonly name?: string;
  /** That of the connection. */
  readonly host: VmHost;
  /** A whole path there. The VM gets a folder of its own in it. */
  readonly folder: string;
  /** Name or title of the one snapshot whose state it gets, with no snapshots. Absent: the whole tree. */
  readonly snapshot?: string;
  readonly isolated: boolean;
  /** Its folder stays marked: the VM and all of it go again. */
  readonly isCheck?: true;
  /** ID of the backup, which its folder is marked with: of a set, see `setMarks`. */
  readonly ofSet?: string;
  readonly signal: AbortSignal;
}

export interface VmRestored {
  readonly name: string;
  readonly uuid: string;
  readonly folder: string;
  readonly restorePoints: number;
  /** Whether it is in the state that it had; else in that of its current snapshot. */
  readonly present: boolean;
  /** What it uses of its host, see `HostUse`. */
  readonly ofHost: readonly string[];
  /** Snapshots without the RAM that they had. */
  readonly withoutRam: number;
  /** Of a restore of one snapshot. */
  readonly point?: Pick<OnePoint, 'title' | 'hasRam' | 'notHeld'>;
  /** The host of the original that it is the same VM as, and when it was copied. */
  readonly replica?: { readonly of: string; readonly madeAt: number };
}

type Copies = Pick<CopiesEngine, 'withCopies' | 'hostLogin'>;

/** @throws CopiesFault, ResticFault; Failure of the connection, of qemu-img: then neither VM nor files are there */
export async function bringBack(engine: Copies, source: CopySource, wish: RestoreWish): Promise<VmRestored> {
  const { connection, name, host, signal } = wish;
  const { files: there } = host;
  if (name !== undefined && !isCloneName(name)) {
    throw new CopiesFault({ kind: 'badName', name });
  }
  const login = await engine.hostLogin({ connection }, 'toChange');
  if ((login === undefined) !== (source.login === undefined) || (login === undefined) !== (host.login === undefined)) {
    throw new CopiesFault({ kind: 'otherHost' });
  }
  const restoredSince = Date.now();
  const whole = await requireManifest(source);
  const { snapshot: wanted } = wish;
  const ask: AskCopies = (work) => engine.withCopies(connection, work);
  const point = wanted === undefined ? undefined : await onePoint(ask, whole, wanted);
  const manifest = point?.manifest ?? whole;
  const vm = name === undefined ? manifest.vm : { name, uuid: randomUUID() };
  const folder = posix.join(wish.folder, folderNameOf(vm));
  await removeLeft(engine, { connection, files: there }, folder);
  await requireFree(engine, connection, vm);
  const identity = name === undefined ? 'same' : 'new';
  const documents = documentsOf(manifest);
  const files = identity === 'same' ? manifest.files : manifest.files.filter(({ role }) => role !== 'memory');
  const needed = storedBytes(manifest.files, 'allocatedBytes');
  const bytes = source.keepsHoles ? needed : storedBytes(manifest.files, 'bytes');
  const restored: RestoredVm = {
    ...vm,
    identity,
    isolated: wish.isolated,
    ...(wish.isCheck !== true && { backup: { madeAt: manifest.madeAt, restoredSince } }),
    documents,
    files: namesIn(folder, manifest.files, files),
  };
  const ofHost = await requireOwn(engine, restored, wish);
  const begun = await beginFolder(there, folder, { needed, bytes });
  let made = begun;
  try {
    const raw = posix.join(begun, 'backup');
    const tree = posix.join(begun, 'vm');
    await there.mkdir(raw);
    await there.mkdir(tree);
    await there.chmod(tree, 0o711);
    await source.fetch(files, raw);
    const inTree = placesIn(tree, files);
    await placeFiles(there, raw, filesToPlace(files, inTree));
    const places = placesIn(folder, files);
    await finishImages(files, { now: inTree, then: places }, host);
    await applyTags(point?.tags ?? [], inTree, host);
    signal.throwIfAborted();
    if (wish.ofSet !== undefined) {
      await markRestored(there, tree, wish.ofSet);
    }
    const mark = { ...(await markOfUs()), uuid: vm.uuid, ...(wish.isCheck === true && { isCheck: true as const }) };
    await nameFolder(there, { from: tree, folder }, mark);
    made = folder;
    await engine.withCopies(connection, (copies) => copies.define(restored));
    if (wish.isCheck !== true) {
      await unmarkFolder(there, folder);
    }
  } catch (error) {
    await removeUnlessDefined(engine, { connection, files: there }, { made, uuid: vm.uuid });
    throw error;
  } finally {
    await there.removeTree(begun);
  }
  return {
    ...vm,
    folder,
    restorePoints: manifest.snapshots.length,
    present: manifest.present,
    ofHost,
    ...(identity === 'same' &&
      manifest.replicaOf !== undefined && { replica: { of: manifest.replicaOf, madeAt: manifest.madeAt } }),
    withoutRam: identity === 'same' ? 0 : manifest.files.filter(({ role }) => role === 'memory').length,
    ...(point !== undefined && { point }),
  };
}

/** RAM that is left out of the files has a name still, which the documents lose. */
function namesIn(folder: string, all: readonly CopiedFile[], files: readonly CopiedFile[]): RestoredVm['files'] {
  const [names, places] = [placesIn(folder, all), placesIn(folder, files)];
  return all.map(({ path, format }) => ({
    from: path,
    to: places.get(path) ?? names.get(path) ?? '',
    ...(format !== undefined && { format }),
  }));
}

/**
 * Before anything is fetched: whoever wrote the backup could name what it likes.
 * @returns what it uses of the host
 */
async function requireOwn(
  engine: Copies,
  vm: RestoredVm,
  { connection, host: { files } }: Pick<RestoreWish, 'connection' | 'host'>,
): Promise<readonly string[]> {
  const { odd, parts, bootFiles } = await engine.withCopies(connection, (copies) => copies.hostUse(vm));
  const [disk] = odd;
  if (disk !== undefined) {
    throw new CopiesFault({ kind: 'hostDisk', disk });
  }
  for (const file of bootFiles) {
    if (!(await isForAll(files, file))) {
      throw new CopiesFault({ kind: 'hostFile', file });
    }
  }
  return parts;
}

/** libvirt would let the VM read also what is for root alone. */
async function isForAll(files: FileSystem, path: string): Promise<boolean> {
  const found = await undefinedIfAbsent(files.stat(path));
  return found?.isFile() === true && (found.mode & 0o004) !== 0;
}

export async function requireManifest(source: CopySource): Promise<Manifest> {
  const manifest = readManifest(await source.readManifest());
  if (typeof manifest === 'string') {
    throw new CopiesFault({ kind: manifest === 'newer' ? 'newerBackup' : 'brokenBackup' });
  }
  return manifest;
}

interface Place {
  readonly connection: string;
  readonly files: FileSystem;
}

/** Of a restore that was interrupted between the last file and the last snapshot. */
async function removeLeft(engine: Copies, { connection, files }: Place, folder: string): Promise<void> {
  const left = await readLeftRestore(files, folder);
  if (left !== undefined) {
    if (!(await engine.withCopies(connection, (copies) => copies.undefine(left.uuid, folder)))) {
      throw new CopiesFault({ kind: 'vmInUse', folder });
    }
    await files.removeTree(folder);
  }
}

async function requireFree(engine: Copies, connection: string, vm: Manifest['vm']): Promise<void> {
  const obstacle = await engine.withCopies(connection, (copies) => copies.obstacle(vm));
  if (obstacle !== undefined) {
    throw new CopiesFault(
      obstacle === 'nameTaken' || obstacle === 'uuidTaken' ? { kind: obstacle, name: vm.name } : { kind: obstacle },
    );
  }
}

/** Its files stay as long as libvirt has a VM that uses them. */
async function removeUnlessDefined(
  engine: Copies,
  { connection, files }: Place,
  { made, uuid }: { readonly made: string; readonly uuid: string },
): Promise<void> {
  const gone = await engine.withCopies(connection, (copies) => copies.undefine(uuid, made)).catch(() => false);
  if (gone) {
    await files.removeTree(made);
  }
}

function filesToPlace(files: readonly CopiedFile[], places: ReadonlyMap<string, string>): readonly PlacedFile[] {
  const placed = new Map(
    files.flatMap(({ path, stored, bytes }) => {
      const place = places.get(path);
      return stored === undefined || place === undefined ? [] : [[place, { stored, bytes, place }] as const];
    }),
  );
  return [...placed.values()];
}

interface Places {
  /** By the name of a file in the backup. */
  readonly now: ReadonlyMap<string, string>;
  readonly then: ReadonlyMap<string, string>;
}

/** Each image rests on the restored one below it, and on nothing that the backup does not know. */
async function finishImages(files: readonly CopiedFile[], { now, then }: Places, host: ImageHost): Promise<void> {
  const formats = new Map(files.map(({ path, format }) => [path, format ?? 'raw']));
  for (const file of files.filter(({ role, content }) => role === 'disk' && content !== 'none')) {
    const { path, content, virtualBytes = 0 } = file;
    const own = now.get(path) ?? '';
    const below = file.backing === undefined ? undefined : { path: file.backing, name: then.get(file.backing) ?? '' };
    if (content === 'stored') {
      const { backing } = await requireImage(own, file, host);
      if ((backing === undefined) !== (below === undefined)) {
        throw new CopiesFault({ kind: 'brokenBackup' });
      }
    } else {
      const backingFormat = formats.get(file.backing ?? '') ?? 'raw';
      const overlay = { file: own, backing: below?.name ?? '', backingFormat, virtualBytes };
      await host.qemuImg.run(ImageCommand.createOverlay(overlay), { doing: 'creating an overlay', path: own });
    }
    if (below !== undefined) {
      const backingFormat = formats.get(below.path) ?? 'raw';
      if (content === 'stored') {
        await rebaseImage({ file: own, backing: below.name, backingFormat }, host);
      }
      const { backing } = await requireImage(own, file, host);
      if (backing?.file !== below.name || backing.format !== backingFormat) {
        throw new CopiesFault({ kind: 'brokenBackup' });
      }
    }
  }
}
