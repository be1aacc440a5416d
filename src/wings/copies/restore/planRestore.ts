// What a restore would do, before anything is fetched: which VM it becomes, and what of its host it may have.
import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { undefinedIfAbsent } from '../../../base/errno.js';
import type { FileSystem } from '../../../base/fileSystem.js';
import type { HostUse, RestoredVm, RestoreRule } from '../../../domain/copiedVm.js';
import { isOfSystem } from '../../../domain/devicePath.js';
import { copiesFailure } from '../copiesFailure.js';
import type { VmHost } from '../../../transfer/vmHost.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import {
  type CopiedFile,
  documentsOf,
  folderNameOf,
  type Manifest,
  placesIn,
  readManifest,
} from '../../../transfer/manifest.js';
import type { CopySource } from './copySource.js';
import { type AskCopies, type OnePoint, onePoint } from './onePoint.js';
import { type DeviceTarget, type OntoWish, requireUnused, targetsOf } from './ontoDevice.js';

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
  /** Disks that go onto block devices. */
  readonly onto?: OntoWish;
  readonly isolated: boolean;
  /** A person said that the parts of the host which it names are right. */
  readonly keepsHostParts?: boolean;
  /** Before anything is fetched. It rejects where a person does not agree. */
  readonly agree?: (use: RestoreUse) => Promise<void>;
  /** Its folder stays marked: the VM and all of it go again. */
  readonly isCheck?: true;
  /** ID of the backup, which its folder is marked with: of a set, see `setMarks`. */
  readonly ofSet?: string;
  readonly signal: AbortSignal;
}

/** See `HostUse`. */
export type RestoreUse = Omit<HostUse, 'odd'> & {
  readonly name: string;
  readonly folder: string;
  readonly devices: readonly DeviceTarget[];
};

type WishedRestore = Pick<
  RestoreWish,
  'connection' | 'name' | 'host' | 'folder' | 'snapshot' | 'onto' | 'isolated' | 'keepsHostParts' | 'isCheck'
>;

interface PlannedRestore {
  readonly manifest: Manifest;
  readonly vm: Manifest['vm'];
  readonly identity: RestoredVm['identity'];
  readonly folder: string;
  /** Without what the VM does not get. */
  readonly files: readonly CopiedFile[];
  /** Where some of them go. */
  readonly devices: readonly DeviceTarget[];
  /** All that the backup has, by its stored paths. */
  readonly stored: readonly string[];
  readonly point: OnePoint | undefined;
  readonly restored: RestoredVm;
}

/** Changes nothing. @throws Failure: what nothing was fetched for */
export async function prepareRestore(ask: AskCopies, source: CopySource, wish: WishedRestore): Promise<PlannedRestore> {
  const { name, snapshot: wanted } = wish;
  const whole = await requireManifest(source);
  const point = wanted === undefined ? undefined : await onePoint(ask, whole, wanted);
  const manifest = point?.manifest ?? whole;
  const vm = name === undefined ? manifest.vm : { name, uuid: randomUUID() };
  const folder = posix.join(wish.folder, folderNameOf(vm));
  const identity = name === undefined ? 'same' : 'new';
  const documents = documentsOf(manifest);
  const files = identity === 'same' ? manifest.files : manifest.files.filter(({ role }) => role !== 'memory');
  const devices = await targetsOf(ask, manifest, wish.onto ?? new Map<string, string>(), wish.host.login === undefined);
  const restored: RestoredVm = {
    ...vm,
    identity,
    rule: await judgeRule(ask, documents, wish),
    documents,
    files: namesIn(folder, manifest.files, files, devices),
  };
  const stored = whole.files.flatMap((file) => file.stored ?? []);
  return { manifest, vm, identity, folder, files, devices, stored, point, restored };
}

/** What a restore would leave out, and let the VM take from its host. Changes nothing. */
export async function planRestore(
  engine: Pick<EnginePort, 'withCopies' | 'filesInUse'>,
  source: CopySource,
  wish: WishedRestore,
): Promise<RestoreUse> {
  const { connection } = wish;
  const ask: AskCopies = (work) => engine.withCopies(connection, work);
  const { folder, restored, devices } = await prepareRestore(ask, source, wish);
  await requireUnused(engine, connection, devices, restored.uuid);
  return requireOwn(ask, restored, folder, devices);
}

/**
 * | a file that the VM starts with, without links       | it has                                        |
 * |-----------------------------------------------------|-----------------------------------------------|
 * | a person said that parts of the host are right      | the file                                      |
 * | everyone may read it, and it is of the system       | the file                                      |
 * | everyone may read it, and the VM is isolated        | the file                                      |
 * | otherwise                                           | none; isolated: nothing is restored           |
 */
async function judgeRule(
  ask: AskCopies,
  documents: RestoredVm['documents'],
  { isolated, keepsHostParts = false, host: { files } }: WishedRestore,
): Promise<RestoreRule> {
  const bootFiles = new Map<string, string>();
  const judge = async (path: string): Promise<void> => {
    const found = posix.isAbsolute(path) ? await readableFile(files, path) : undefined;
    if (found !== undefined && (keepsHostParts || (found.isForAll && (isolated || isOfSystem(found.path))))) {
      bootFiles.set(path, found.path);
    }
  };
  for (const path of await ask((copies) => copies.bootFiles(documents))) {
    await judge(path);
  }
  const needed = await ask((copies) => copies.bootFiles({ ...documents, snapshots: [] }));
  const lacking = isolated ? needed.find((path) => !bootFiles.has(path)) : undefined;
  if (lacking !== undefined) {
    throw copiesFailure('hostFile', { file: lacking });
  }
  return { isolated, bootFiles, ...(keepsHostParts && !isolated && { keepsHostParts }) };
}

/** libvirt would let the VM read also what is for root alone. */
async function readableFile(
  files: FileSystem,
  named: string,
): Promise<{ readonly path: string; readonly isForAll: boolean } | undefined> {
  const path = await files.realpath(named).catch(() => undefined);
  const found = path === undefined ? undefined : await undefinedIfAbsent(files.stat(path));
  if (path === undefined || found?.isFile() !== true) {
    return undefined;
  }
  return { path, isForAll: (found.mode & 0o004) !== 0 };
}

/** Before anything is fetched: the author of the backup could have named any file. */
export async function requireOwn(
  ask: AskCopies,
  vm: RestoredVm,
  folder: string,
  devices: readonly DeviceTarget[],
): Promise<RestoreUse> {
  const { odd, ...use } = await ask((copies) => copies.hostUse(vm));
  const [disk] = odd;
  if (disk !== undefined) {
    throw copiesFailure('hostDisk', { disk });
  }
  return { ...use, name: vm.name, folder, devices };
}

/** RAM that is left out of the files has a name still, which the documents lose. */
function namesIn(
  folder: string,
  all: readonly CopiedFile[],
  files: readonly CopiedFile[],
  devices: readonly DeviceTarget[],
): RestoredVm['files'] {
  const [names, places] = [placesIn(folder, all), placesWith(folder, files, devices)];
  return all.map(({ path, format }) => ({
    from: path,
    to: places.get(path) ?? names.get(path) ?? '',
    ...(format !== undefined && { format }),
  }));
}

/** Those on devices too. */
export function placesWith(
  folder: string,
  files: readonly CopiedFile[],
  devices: readonly DeviceTarget[],
): ReadonlyMap<string, string> {
  return new Map([...placesIn(folder, files), ...devices.map(({ file, path }) => [file.path, path] as const)]);
}

export async function requireManifest(source: CopySource): Promise<Manifest> {
  const manifest = readManifest(await source.readManifest());
  if (typeof manifest === 'string') {
    throw manifest === 'newer' ? copiesFailure('newerBackup') : copiesFailure('brokenBackup');
  }
  return manifest;
}
