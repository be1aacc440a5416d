// Which files a VM and each of its snapshots are made of, from the metadata and from what was seen of the files. Pure:
// somebody else has looked.
import { wholeChain } from './backingChain.js';
import type { FileFacts, ImageFacts, Observation } from '../hostFiles.js';
import type { Layer, VmLayers } from '../layers.js';
import type { Facts } from '../facts.js';
import type { Vm, VmDisk } from '../vm.js';
import type { FileRole, MetadataFolders, VmFile } from '../vmFiles.js';
import { takesPart } from './fileUse.js';
import { stateCopy, stateThen } from './stateCopies.js';

interface VmFileSources {
  /** With the frozen disks of all snapshots, the other VMs, and the files of `layerNeeds`. */
  readonly facts: Facts;
  /** What was told of the layers, for what the files do not tell. */
  readonly layers: VmLayers;
  /** By path, of `besideNeeds`. */
  readonly beside: ReadonlyMap<string, Observation<FileFacts>>;
  /** Absent: where libvirt keeps its own files is not known. */
  readonly folders?: MetadataFolders | undefined;
}

/** A file under the roles that it plays. */
interface VmFilePart {
  readonly path: string | undefined;
  readonly role: FileRole;
  readonly target?: string;
  /** The snapshot that is made of it; absent: the current state is. */
  readonly of?: string;
  readonly after?: string;
}

interface OwnFile extends VmFilePart {
  readonly path: string;
}

/** What `layerNeeds` leaves out: media in drives, and what libvirt writes down. */
export function filesBeside(facts: Facts, folders: MetadataFolders | undefined): readonly string[] {
  const parts = [...partsOf(facts).filter(({ role }) => role === 'medium'), ...metadataParts(facts, folders)];
  return [...new Set(parts.flatMap(({ path }) => (path?.startsWith('/') === true ? [path] : [])))];
}

function metadataParts({ vm, tree }: Facts, folders: MetadataFolders | undefined): readonly VmFilePart[] {
  const isFileName = (name: string): boolean => name !== '' && !name.includes('/');
  if (folders === undefined || !isFileName(vm.name)) {
    return [];
  }
  return [
    ...(vm.persistent ? [{ path: `${folders.vms}/${vm.name}.xml`, role: 'metadata' } as const] : []),
    ...(vm.managedSave ? [{ path: `${folders.saves}/${vm.name}.save`, role: 'savedState' } as const] : []),
    ...tree.snapshots
      .filter(({ name }) => isFileName(name))
      .map(({ name: of }) => ({ path: `${folders.snapshots}/${vm.name}/${of}.xml`, role: 'metadata', of }) as const),
  ];
}

/**
 * | part                                    | is listed                             |
 * |-----------------------------------------|---------------------------------------|
 * | the chains of the current state         | always, the top first                 |
 * | the chains that a snapshot stands on, of the disks that took part; its RAM | always |
 * | overlays made after a snapshot          | always: they may hold the only state of a branch |
 * | copies of UEFI variables and of the TPM's state | where they were seen          |
 * | libvirt's own                           | but where they certainly are not      |
 */
export function vmFiles(seen: VmFileSources): readonly VmFile[] {
  const files = new Map<string, VmFile>();
  for (const part of [...partsOf(seen.facts), ...metadataParts(seen.facts, seen.folders)]) {
    const { path } = part;
    if (path?.startsWith('/') !== true) {
      continue;
    }
    const own = { ...part, path };
    const before = files.get(path) ?? fileOf(own, seen);
    if (before !== undefined) {
      files.set(path, addUse(before, own));
    }
  }
  return [...files.values()];
}

function partsOf(facts: Facts): readonly VmFilePart[] {
  const { vm, tree, frozenDisks, files } = facts;
  const chain = (disk: VmDisk, of?: string): readonly VmFilePart[] =>
    (isMedium(disk) ? [disk.source] : wholeChain(disk, facts)).map((path) => ({
      path,
      role: isMedium(disk) ? 'medium' : 'disk',
      target: disk.target,
      ...(of === undefined ? {} : { of }),
    }));
  const statesOf = ({ nvram, tpmState }: Pick<Vm, 'nvram' | 'tpmState'>): readonly OwnFile[] => [
    ...(nvram === undefined ? [] : [{ path: nvram, role: 'uefiVariables' } as const]),
    ...(tpmState === undefined ? [] : [{ path: tpmState, role: 'tpmState' } as const]),
  ];
  const ofSnapshots = tree.snapshots.flatMap((snapshot): readonly VmFilePart[] => {
    const { name: of, memory, disks } = snapshot;
    const frozen = (frozenDisks?.get(of) ?? []).filter(({ target }) => takesPart(snapshot, target));
    return [
      ...frozen.flatMap((disk) => chain(disk, of)),
      { path: memory.file, role: 'memory', of },
      ...statesOf(stateThen(vm, snapshot)).flatMap((state) => {
        const path = stateCopy(state.path, of);
        return typeof files?.files.get(path) === 'object' ? [{ ...state, path, of }] : [];
      }),
      ...disks.map(({ file: path, target }) => ({ path, role: 'disk', target, after: of }) as const),
    ];
  });
  return [
    ...vm.disks.flatMap((disk) => chain(disk)),
    ...statesOf(vm),
    ...ofSnapshots.toSorted((a, b) => order(a) - order(b)),
  ];
}

/** Disks of the current state, then those of branches, then what is no disk. */
function order({ role }: VmFilePart): number {
  return role === 'disk' ? 0 : 1;
}

function addUse(file: VmFile, { of, after }: VmFilePart): VmFile {
  return {
    ...file,
    present: file.present || (of === undefined && after === undefined),
    snapshots: of === undefined || file.snapshots.includes(of) ? file.snapshots : [...file.snapshots, of],
    ...(after === undefined ? {} : { after }),
  };
}

/** Undefined: what is certainly not where libvirt would keep it is kept elsewhere. */
function fileOf({ path, role, target }: OwnFile, { facts, layers, beside }: VmFileSources): VmFile | undefined {
  const { files, otherVms = [], vm } = facts;
  const image: Observation<ImageFacts> | undefined = files?.images.get(path);
  const found = image ?? files?.files.get(path) ?? beside.get(path) ?? 'unknown';
  if (found === 'missing' && (role === 'metadata' || role === 'savedState')) {
    return undefined;
  }
  const told = [...layers.disks, ...(layers.branches ?? [])]
    .flatMap((chain): readonly Layer[] => chain.layers)
    .find(({ file }) => file === path);
  const configured = vm.disks.find(({ source }) => source === path)?.format;
  const format = typeof image === 'object' ? image.format : (told?.format ?? configured);
  const virtualBytes = typeof image === 'object' ? image.virtualBytes : told?.virtualBytes;
  return {
    path,
    role,
    ...(target === undefined ? {} : { target }),
    ...(format === undefined ? {} : { format }),
    ...(virtualBytes === undefined ? {} : { virtualBytes }),
    allocatedBytes:
      typeof found === 'object' ? found.allocatedBytes : found === 'missing' ? 0 : (told?.allocatedBytes ?? 'unknown'),
    seen: typeof found === 'object' ? 'there' : found === 'unknown' ? (told?.seen ?? found) : found,
    present: false,
    snapshots: [],
    sharedWith: otherVms.filter((other) => other.files.includes(path)).map(({ name }) => name),
  };
}

function isMedium({ device }: VmDisk): boolean {
  return device === 'cdrom' || device === 'floppy';
}
