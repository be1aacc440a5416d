// Restores a VM with its snapshots from a backup. libvirt hears of it when all files are there and right.
import { posix } from 'node:path';
import { isCloneName } from '../../../domain/clone.js';
import type { FileSystem } from '../../../base/fileSystem.js';
import type { RestoredVm } from '../../../domain/copiedVm.js';
import { ImageCommand } from '../../../qemu/imageCommands.js';
import type { ImageHost } from '../../../qemu/qemuImg.js';
import { rebaseImage } from '../../../qemu/changeImage.js';
import { copiesFailure } from '../copiesFailure.js';
import { markOfUs } from '../../../journal/processMark.js';
import { writeRam } from './ramStart.js';
import type { CopySource } from './copySource.js';
import { type CopiedFile, type Manifest, manifestName, placesIn, storedBytes } from '../../../transfer/manifest.js';
import { placeTpm, putTpmBack, setTpmAside } from '../../../transfer/tpmStates.js';
import { applyTags, type AskCopies, type OnePoint } from './onePoint.js';
import { orHalfWritten, recordDevices, requireUnused, writeDevices } from './ontoDevice.js';
import { placesWith, prepareRestore, requireOwn, type RestoreUse, type RestoreWish } from './planRestore.js';
import { requireImage } from './requireImage.js';
import { removeBegun, removeLeft, type RestoreEngine, type RestorePlace, usedBy } from './leftRestores.js';
import type { MadeRestore } from './madeRestore.js';
import { orFault } from './readFolder.js';
import { beginFolder, nameFolder, type PlacedFile, placeFiles, unmarkFolder } from './restoreFolder.js';
import { markRestored } from './setMarks.js';

export interface VmRestored {
  readonly name: string;
  readonly uuid: string;
  readonly folder: string;
  readonly restorePoints: number;
  /** Whether it is in the state that it had; else in that of its current snapshot. */
  readonly present: boolean;
  readonly use: RestoreUse;
  /** Snapshots without the RAM that they had. */
  readonly withoutRam: number;
  /** The TPM of a VM that has one. */
  readonly tpm?: TpmRestored;
  /** Paths that killed restores left, and that no record of ours names, or that a VM uses. */
  readonly stays: readonly string[];
  /** Devices that a killed restore wrote to, and this one did not. */
  readonly halfWritten: readonly string[];
  readonly made: MadeRestore;
  /** In the history. */
  readonly inHistory: boolean;
  /** The snapshot, where only one was restored. */
  readonly point?: Pick<OnePoint, 'title' | 'hasRam' | 'notHeld'>;
  /** The host of the original that it is the same VM as, and when it was copied. */
  readonly replica?: { readonly of: string; readonly madeAt: number };
}

interface TpmRestored {
  /** Whether it has what it had; else what libvirt gives it at its start. */
  readonly isBack: boolean;
  /** Where the state is that was there before. */
  readonly aside?: string;
}

/** @throws Failure of restic, of the connection, of qemu-img: then neither VM nor files are there */
export async function bringBack(engine: RestoreEngine, source: CopySource, wish: RestoreWish): Promise<VmRestored> {
  const { connection, name, host, signal } = wish;
  const { files: there } = host;
  if (name !== undefined && !isCloneName(name)) {
    throw copiesFailure('badName', { vm: name });
  }
  const login = await engine.openHost(connection, 'toChange');
  if ((login === undefined) !== (source.login === undefined) || (login === undefined) !== (host.login === undefined)) {
    throw copiesFailure('otherHost');
  }
  const restoredSince = Date.now();
  const ask: AskCopies = (work) => engine.withCopies(connection, work);
  const planned = await prepareRestore(ask, source, wish);
  const { manifest, vm, folder, point, identity, devices } = planned;
  const onDevices = new Set(devices.map(({ file }) => file.path));
  /** Without those that go onto devices. */
  const files = planned.files.filter(({ path }) => !onDevices.has(path));
  const place = { connection, host };
  await removeLeft(engine, place, folder, vm.name);
  await requireFree(engine, connection, vm);
  await requireUnused(engine, connection, devices, vm.uuid);
  const needed = storedBytes(files, 'allocatedBytes');
  const bytes = source.keepsHoles ? needed : storedBytes(files, 'bytes');
  const restored: RestoredVm = {
    ...planned.restored,
    ...(wish.isCheck !== true && { backup: { madeAt: manifest.madeAt, restoredSince } }),
  };
  const use = await requireOwn(ask, restored, folder, devices);
  await wish.agree?.(use);
  const { stays: left, written } = await removeBegun(engine, place, folder);
  const stays = [...left];
  const halfWritten = written.filter((path) => devices.every((one) => one.path !== path));
  const made = await beginFolder(host, folder, { needed, bytes });
  const { begun } = made;
  /** As long as the folder has its name and its mark. */
  let isNamed = false;
  let inHistory: boolean;
  let tpm: TpmRestored | undefined;
  let aside: string | undefined;
  let lost: readonly string[] = [];
  try {
    const raw = posix.join(begun, 'backup');
    const tree = posix.join(begun, 'vm');
    const inTree = placesIn(tree, files);
    await orFault(folder, async () => {
      await made.makeFolder(raw);
      await made.makeFolder(tree);
      await there.chmod(tree, 0o711);
      await made.reserve(raw, new Set([manifestName, ...planned.stored]));
    });
    try {
      // None would mean all of the backup.
      await (files.length > 0 && source.fetch(files, raw));
    } finally {
      await made.noteWithin(raw);
    }
    await placeFiles(there, made, raw, filesToPlace(files, inTree));
    const rams = files.filter(({ role, content }) => role === 'memory' && content === 'stored');
    const ramPlaces = rams.map(({ path }) => inTree.get(path) ?? '');
    await writeRam(ramPlaces, there, (text) => ask((copies) => copies.savedRam(restored, text)));
    const places = placesWith(folder, files, devices);
    await finishImages(files, { now: inTree, then: places }, host);
    const overlays = files.filter(({ content }) => content === 'overlay');
    await made.note(...overlays.map(({ path }) => inTree.get(path) ?? ''));
    await applyTags(point?.tags ?? [], inTree, host);
    signal.throwIfAborted();
    if (wish.ofSet !== undefined) {
      await markRestored(there, made, tree, wish.ofSet);
    }
    if (devices.length > 0) {
      await made.note(await recordDevices(there, tree, devices));
      await requireUnused(engine, connection, devices, vm.uuid);
      await writeDevices(source, devices);
      lost = devices.map(({ path }) => path);
      signal.throwIfAborted();
    }
    const mark = { ...(await markOfUs()), uuid: vm.uuid, ...(wish.isCheck === true && { isCheck: true as const }) };
    await nameFolder(there, made, { from: tree, folder }, mark);
    isNamed = true;
    const define = (): Promise<boolean> => engine.withCopies(connection, (copies) => copies.define(restored));
    const state = await ask((copies) => copies.tpmState(restored));
    [inHistory, tpm] = await withTpm(state, manifest.tpm, there, define, (path) => (aside = path));
    if (wish.isCheck !== true) {
      await unmarkFolder(there, folder);
      isNamed = false;
    }
  } catch (error) {
    isNamed &&= !(await removeUnlessDefined(engine, place, { made, folder, uuid: vm.uuid, devices: lost }));
    await (aside !== undefined && putTpmBack(aside, there));
    return await orHalfWritten(lost, () => Promise.reject(error as Error));
  } finally {
    // No VM knows of it.
    stays.push(...(await made.remove(begun, () => Promise.resolve(new Set()))));
    await (!isNamed && made.forget());
  }
  return {
    ...vm,
    folder,
    restorePoints: manifest.snapshots.length,
    present: manifest.present,
    ...{ use, stays, made, inHistory, halfWritten },
    ...(tpm !== undefined && { tpm }),
    ...(identity === 'same' &&
      manifest.replicaOf !== undefined && { replica: { of: manifest.replicaOf, madeAt: manifest.madeAt } }),
    withoutRam: identity === 'same' ? 0 : manifest.files.filter(({ role }) => role === 'memory').length,
    ...(point !== undefined && { point }),
  };
}

/** A restore is none without the disks; without the TPM it is one that says so. */
async function withTpm<T>(
  state: { readonly file?: string } | undefined,
  states: Manifest['tpm'],
  files: FileSystem,
  define: () => Promise<T>,
  onAside: (path: string) => unknown,
): Promise<readonly [T, TpmRestored | undefined]> {
  const { file } = state ?? {};
  if (file === undefined || states === undefined) {
    return [await define(), state && { isBack: false }];
  }
  const tryIt = async <R>(work: Promise<R>): Promise<{ readonly result?: R; readonly isDone: boolean }> =>
    work.then(
      (result) => ({ result, isDone: true }),
      () => ({ isDone: false }),
    );
  const { result: aside, isDone: isFree } = await tryIt(setTpmAside(file, files));
  if (aside !== undefined) {
    onAside(aside);
  }
  const defined = await define();
  const isBack = isFree && (await tryIt(placeTpm(file, states, files))).isDone;
  return [defined, { isBack, ...(aside !== undefined && { aside }) }];
}

async function requireFree(engine: RestoreEngine, connection: string, vm: Manifest['vm']): Promise<void> {
  const obstacle = await engine.withCopies(connection, (copies) => copies.obstacle(vm));
  if (obstacle !== undefined) {
    throw copiesFailure(obstacle, { vm: vm.name });
  }
}

/** Its files stay as long as libvirt has a VM that uses them. @returns whether all are gone */
async function removeUnlessDefined(
  engine: RestoreEngine,
  place: RestorePlace,
  {
    made,
    folder,
    uuid,
    devices,
  }: {
    readonly made: MadeRestore;
    readonly folder: string;
    readonly uuid: string;
    readonly devices: readonly string[];
  },
): Promise<boolean> {
  const undefineIt = engine.withCopies(place.connection, (copies) => copies.undefine(uuid, [folder, ...devices]));
  const gone = await undefineIt.catch(() => false);
  return gone && (await made.remove(folder, usedBy(engine, place, uuid))).length === 0;
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
        throw copiesFailure('brokenBackup');
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
        throw copiesFailure('brokenBackup');
      }
    }
  }
}
