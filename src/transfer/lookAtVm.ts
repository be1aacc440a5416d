// Which files a backup of a VM is made of, and whether they were the same to the end. Changes nothing.
import { undefinedIfAbsent } from '../base/errno.js';
import type { FileSystem } from '../base/fileSystem.js';
import type { OutsideUser } from '../domain/chains/otherVms.js';
import { formatVersion, type Version } from '../domain/capabilities.js';
import type { VmDocuments } from '../domain/copiedVm.js';
import { Failure } from '../domain/failure.js';
import { notMarked } from '../domain/hostFiles.js';
import { hasTpm, isActive, type Vm, type VmRef } from '../domain/vm.js';
import type { VmFile } from '../domain/vmFiles.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { VmView } from '../live/views.js';
import { factsOf } from '../qemu/fileFacts.js';
import { readImage } from '../qemu/localImage.js';
import type { ImageHost } from '../qemu/qemuImg.js';
import { marksOfDevice, readDevice } from './blockDevice.js';
import { transferFailure } from './transferFailure.js';
import { type CopiedFile, isNamable, type Manifest } from './manifest.js';
import type { VmHost } from './vmHost.js';
import { readTpmStates, type TpmStates } from './tpmStates.js';

export type CopiesEngine = Pick<
  EnginePort,
  'examine' | 'openHost' | 'readFiles' | 'readTree' | 'readInterrupted' | 'refresh' | 'findVm' | 'withCopies'
>;

/** What a VM has and its backup does not. */
export type LeftOut = 'media' | 'savedState' | 'tpm' | 'passwords';

export interface VmLook {
  readonly vm: Vm;
  readonly documents: VmDocuments;
  readonly files: readonly CopiedFile[];
  /** See the manifest. */
  readonly tpm: TpmStates | undefined;
  readonly leftOut: readonly LeftOut[];
  /** Titles of snapshots that hold something else than when they were created. */
  readonly altered: readonly string[];
  /** See `NamedFiles`; and disks that are volumes. */
  readonly special: readonly string[];
  /** Who else needs which of its files. */
  readonly needed: readonly OutsideUser[];
  /** Rejects with `changed` where one of the snapshots or files that are copied is another one by now. */
  readonly requireUnchanged: () => Promise<void>;
}

/** @param libvirt of the connection. @param files absent: as they were seen */
export function manifestOf(
  { vm, documents, files: seen, tpm }: VmLook,
  libvirt: Version,
  { files = seen, ...more }: Pick<Manifest, 'madeAt' | 'replicaOf'> & { readonly files?: readonly CopiedFile[] },
): Manifest {
  const { definition, snapshots, current } = documents;
  return {
    vm: { name: vm.name, uuid: vm.uuid },
    libvirt: formatVersion(libvirt),
    present: !isActive(vm.power),
    ...(vm.agentConnected && { agent: true }),
    definition,
    snapshots: [...snapshots],
    ...(current !== undefined && { current }),
    files: [...files],
    ...(tpm !== undefined && { tpm }),
    ...more,
  };
}

/** @throws Failure of the connection */
export async function lookAtVm(
  engine: CopiesEngine,
  { ref }: VmView,
  host: VmHost,
  secrets?: 'without',
): Promise<VmLook> {
  if ((await engine.readInterrupted(ref)).length > 0) {
    throw transferFailure('unfinished');
  }
  const readDocuments = (): Promise<VmDocuments> =>
    engine.withCopies(ref.connection, (copies) => copies.readDocuments(ref.uuid, secrets));
  const earlier = await readDocuments();
  await engine.refresh({ vm: ref });
  const tree = await engine.readTree(ref);
  const vm = engine.findVm(ref)?.vm;
  if (vm === undefined) {
    throw transferFailure('changed');
  }
  const active = isActive(vm.power);
  if (tree.beingWritten !== undefined) {
    throw new Failure('busy');
  }
  const cipher = vm.disks.find(({ encrypted }) => encrypted === true);
  if (active && cipher !== undefined) {
    throw transferFailure('encryptedRuns', { disk: cipher.target });
  }
  if (active && tree.snapshots.some(({ style }) => style === 'internal')) {
    throw transferFailure('internalRunning');
  }
  if (active && tree.snapshots.length === 0) {
    throw transferFailure('running');
  }
  const { files: seen, nearby } = await engine.readFiles(ref);
  if (
    (await engine.openHost(ref.connection, 'toRead'))?.hostname !== host.login?.hostname ||
    (!nearby && host.login === undefined)
  ) {
    throw transferFailure('elsewhere');
  }
  const kept = await readDocuments();
  // A snapshot that came meanwhile names files that were not seen.
  if (JSON.stringify(kept) !== JSON.stringify(earlier)) {
    throw transferFailure('changed');
  }
  const documents = await engine.withCopies(ref.connection, (copies) => copies.withoutVolumes(kept));
  const [asKept, named] = await engine.withCopies(ref.connection, (copies) =>
    Promise.resolve([copies.filesIn(kept), copies.filesIn(documents)]),
  );
  const [odd] = named.odd;
  if (odd !== undefined) {
    throw transferFailure('oddDisk', { disk: odd });
  }
  const files = await copiedFiles(vm, seen, named.files, host);
  const marks = await marksOf(files, host.files);
  const tpm = await readTpmStates(vm, seen, documents.current, host.files);
  const { readable, needed } = await examineNow(engine, ref);
  const { refusal, altered } = readable;
  if (refusal !== undefined) {
    throw new Failure('refused', { vm: vm.name, connection: ref.connection, refusal });
  }
  return {
    vm,
    documents,
    files,
    tpm,
    leftOut: [
      ...leftOutOf(vm, seen),
      ...(hasTpm(vm) && tpm === undefined ? (['tpm'] as const) : []),
      ...(secrets === 'without' && (await hasPasswords(engine, ref, documents)) ? (['passwords'] as const) : []),
    ],
    needed,
    special: [...new Set([...asKept.odd, ...named.special])],
    altered: tree.snapshots.filter(({ name }) => altered.includes(name)).map(({ title }) => title),
    requireUnchanged: async () => {
      const now = await readDocuments();
      const same = kept.snapshots.every(({ name, xml }) =>
        now.snapshots.some((one) => one.name === name && one.xml === xml),
      );
      if (!same || JSON.stringify(await marksOf(files, host.files)) !== JSON.stringify(marks)) {
        throw transferFailure('changed');
      }
    },
  };
}

/** @throws Failure `busy`: under an operation, a layer that takes a merge would look changed */
export async function examineNow(
  engine: Pick<CopiesEngine, 'examine'>,
  ref: VmRef,
): ReturnType<CopiesEngine['examine']> {
  try {
    return await engine.examine(ref);
  } catch (error) {
    const isBusy =
      error instanceof Failure && (error.kind === 'busy' || error.details.refusal?.reason === 'snapshotBeingWritten');
    throw isBusy ? new Failure('busy') : error;
  }
}

async function hasPasswords(engine: CopiesEngine, { connection, uuid }: VmRef, own: VmDocuments): Promise<boolean> {
  const whole = await engine.withCopies(connection, (copies) => copies.readDocuments(uuid));
  return JSON.stringify(whole) !== JSON.stringify(own);
}

/**
 * | file                                                   | in the backup            |
 * |--------------------------------------------------------|--------------------------|
 * | frozen layer, RAM, UEFI variables, present of a VM off  | as it is                 |
 * | the same on a block device                             | all bytes of the device  |
 * | a running VM writes to it, on a frozen layer            | an empty overlay instead |
 * | overlay of a snapshot that is not there any more        | its name                 |
 * | state of a TPM                                          | in the manifest          |
 */
async function copiedFiles(
  vm: Vm,
  seen: readonly VmFile[],
  named: readonly string[],
  host: ImageHost,
): Promise<readonly CopiedFile[]> {
  const written = new Map(
    vm.disks.flatMap((disk) =>
      isActive(vm.power) && ['disk', 'lun'].includes(disk.device) && !disk.readonly
        ? [[disk.source ?? '', disk.target]]
        : [],
    ),
  );
  const byPath = new Map(seen.map((file) => [file.path, file]));
  const ciphers = new Set(vm.disks.flatMap((disk) => (disk.encrypted === true ? disk.target : [])));
  const isEncrypted = ({ target = '' }: VmFile): boolean => ciphers.has(target);
  const files: CopiedFile[] = [];
  for (const file of seen) {
    const { path, role } = file;
    if (role !== 'disk' && role !== 'memory' && role !== 'uefiVariables') {
      continue;
    }
    if (file.seen !== 'there') {
      if (file.seen !== 'missing' || role === 'memory' || file.present || file.snapshots.length > 0) {
        throw transferFailure('missing', { file: path });
      }
      files.push({ path, role, content: 'none', bytes: 0, allocatedBytes: 0 });
      continue;
    }
    if (!isNamable(path)) {
      throw transferFailure('unknownFile', { file: path });
    }
    const disk = written.get(path);
    const head = role === 'disk' ? await headOf(file, host, isEncrypted(file)) : {};
    const below = byPath.get(head.backing ?? '');
    if (disk !== undefined && (file.snapshots.length > 0 || below === undefined || below.snapshots.length === 0)) {
      throw transferFailure('notFrozen', { disk });
    }
    if (disk !== undefined) {
      files.push({ path, role, content: 'overlay', bytes: 0, allocatedBytes: 0, ...head });
      continue;
    }
    const stored = await host.files.realpath(path);
    const stats = await host.files.stat(stored);
    const { bytes, allocatedBytes } = (await factsOf(stats, host.files)) ?? { bytes: 0, allocatedBytes: 0 };
    files.push({
      path,
      role,
      content: 'stored',
      stored,
      bytes,
      allocatedBytes: Math.min(bytes, allocatedBytes),
      ...head,
      ...(stats.isBlockDevice() && { device: true as const }),
    });
  }
  // The overlay on one is not encrypted, and a restore writes names into it without the key.
  const covered = files.find(({ backing }) => files.some((file) => file.path === backing && file.encrypted === true));
  if (covered !== undefined) {
    throw transferFailure('unknownFormat', { file: covered.path });
  }
  for (const path of named.filter((one) => !byPath.has(one))) {
    if (!isNamable(path) || (await undefinedIfAbsent(host.files.lstat(path))) !== undefined) {
      throw transferFailure('unknownFile', { file: path });
    }
    files.push({ path, role: 'disk', content: 'none', bytes: 0, allocatedBytes: 0 });
  }
  return files;
}

/** What is in no header is not known to a restore: it would rest on whatever is there under that name. */
async function headOf(
  { path, format }: VmFile,
  host: ImageHost,
  mayBeEncrypted: boolean,
): Promise<Pick<CopiedFile, 'format' | 'virtualBytes' | 'backing' | 'encrypted'>> {
  const image = await readImage(path, host, format, 'head');
  if (image !== 'unknown' && image.corrupt === true) {
    throw transferFailure('damaged', { file: path, ...notMarked(image) });
  }
  if (
    image === 'unknown' ||
    (image.format !== 'qcow2' && image.format !== 'raw') ||
    [!mayBeEncrypted && image.encrypted, image.dataFile, image.backing?.part, image.backing?.options].includes(true)
  ) {
    throw transferFailure('unknownFormat', { file: path });
  }
  return {
    format: image.format,
    virtualBytes: image.virtualBytes,
    ...(image.encrypted === true && { encrypted: true as const }),
    ...(image.backing !== undefined && { backing: image.backing.file }),
  };
}

/** Alike as long as nobody wrote to one of them, or put another one in its place. */
function marksOf(files: readonly CopiedFile[], host: FileSystem): Promise<readonly (readonly number[])[]> {
  return Promise.all(
    files.map(async ({ stored }) => {
      const found = stored === undefined ? undefined : await undefinedIfAbsent(host.stat(stored));
      return found === undefined
        ? []
        : found.isBlockDevice()
          ? marksOfDevice(await readDevice(found, host))
          : [found.dev, found.ino, found.size, found.mtimeMs];
    }),
  );
}

function leftOutOf(vm: Vm, seen: readonly VmFile[]): readonly LeftOut[] {
  return [
    ...(seen.some(({ role }) => role === 'medium') ? (['media'] as const) : []),
    ...(vm.managedSave ? (['savedState'] as const) : []),
  ];
}
