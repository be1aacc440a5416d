// Computes a VM's layers and the sizes of its snapshots from the files and their metadata. Pure: the engine has read
// them.
import { wholeChain } from './backingChain.js';
import type { InternalSizes } from '../imageContents.js';
import type { DiskChain, Layer, MergeFrees, VmLayers } from '../layers.js';
import type { Facts } from '../facts.js';
import type { Snapshot } from '../snapshot.js';
import { isActive, snapshotableDisks, type VmDisk, xmlChain } from '../vm.js';
import { backingFileOf, namedFiles, takesPart } from './fileUse.js';
import { type Overlay, overlaysOf } from './layersFromStatistics.js';
import { folderOf } from './overlayFiles.js';
import { snapshotSizes } from './snapshotSizes.js';
import { stateCopies, stateFiles } from './stateCopies.js';

interface LayerSources {
  /** With the frozen disks of all snapshots, the other VMs, and the files of `layerNeeds`. */
  readonly facts: Facts;
  /** By image, what its internal snapshots take; an image that nobody here can look into is not there. */
  readonly inside: ReadonlyMap<string, InternalSizes>;
  /** By layer of the current state, what is freed when it is merged into the one below. */
  readonly merges?: ReadonlyMap<string, MergeFrees>;
  /** What statistics told, for what the files do not tell. */
  readonly before?: VmLayers;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Every file that the VM and its snapshots name. */
export function filesOfLayers(facts: Facts): {
  readonly images: readonly string[];
  readonly files: readonly string[];
  readonly folders: readonly string[];
} {
  const { vm, tree } = facts;
  if (facts.capabilities.driver !== 'qemu') {
    return { images: [], files: [], folders: [] };
  }
  const media = vm.disks.filter(({ device }) => device === 'cdrom' || device === 'floppy').flatMap(xmlChain);
  const memory = tree.snapshots.flatMap((snapshot) => snapshot.memory.file ?? []);
  const copies = tree.snapshots.flatMap((snapshot) => stateCopies(vm, snapshot));
  const files = [...memory, ...stateFiles(vm), ...copies];
  const others = new Set([...media, ...files]);
  const images = [...namedFiles(facts)].filter((file) => !others.has(file));
  const absolute = (paths: readonly string[]): readonly string[] =>
    [...new Set(paths)].filter((path) => path.startsWith('/'));
  const wanted = { images: absolute(images), files: absolute(files) };
  return { ...wanted, folders: absolute([...wanted.images, ...wanted.files].map(folderOf)) };
}

export function layersFromFiles(read: LayerSources): VmLayers {
  const { facts, inside, before, now } = read;
  const { vm, tree, files } = facts;
  const overlays = overlaysOf(tree.snapshots);
  const present = snapshotableDisks(vm).filter(({ source }) => source?.startsWith('/') === true);
  const disks = present.map((disk) => diskChain(disk, overlays, read));
  const branches = otherBranches(overlays, disks).map(({ target, file, snapshot }) => {
    // What the VM's own disk stands on is the current state's.
    const { backing: _, ...disk } = present.find((one) => one.target === target) ?? blank(target);
    return { snapshot, ...diskChain({ ...disk, source: file }, overlays, read) };
  });
  const sized = snapshotSizes({
    snapshots: tree.snapshots,
    disks,
    branches,
    allocated: (file) => {
      const image = files?.images.get(file) ?? files?.files.get(file);
      return typeof image === 'object' ? image.allocatedBytes : image === 'missing' ? 0 : 'unknown';
    },
    inside: (snapshot, target) =>
      inside.get(backingFileOf(facts, snapshot, target) ?? '')?.snapshots.find(({ name }) => name === snapshot),
    together: [...inside.values()],
    isActive: isActive(vm.power),
    before,
  });
  return {
    readAt: now,
    from: 'files',
    disks,
    branches,
    ...sized,
    rooms: filesOfLayers(facts).folders.map((folder) => ({
      folder,
      freeBytes:
        files?.freeBytes.get(folder) ?? before?.rooms.find((room) => room.folder === folder)?.freeBytes ?? 'unknown',
      totalBytes: files?.totalBytes?.get(folder) ?? 'unknown',
    })),
  };
}

function blank(target: string): VmDisk {
  return { target, device: 'disk', sourceType: 'file', format: 'qcow2', readonly: false, shareable: false };
}

/** Overlays that are no part of the current state, the top one of each branch. */
function otherBranches(overlays: readonly Overlay[], disks: readonly DiskChain[]): readonly Overlay[] {
  const present = new Set(disks.flatMap(({ layers }) => layers.map(({ file }) => file)));
  return overlays.filter(({ file }) => !present.has(file));
}

function diskChain(disk: VmDisk, overlays: readonly Overlay[], { facts, before, merges }: LayerSources): DiskChain {
  const { vm, tree, files, otherVms = [] } = facts;
  const { target } = disk;
  const chain = wholeChain(disk, facts);
  const old = new Map(before?.disks.flatMap(({ layers }) => layers.map((layer) => [layer.file, layer])));
  const layers = chain.map((file): Layer => {
    const image = files?.images.get(file);
    const told = old.get(file);
    const isThere = typeof image === 'object';
    const own = overlays.find((overlay) => overlay.target === target && overlay.file === file);
    const mergeFrees = merges?.get(file);
    const plain = isThere ? image.format : file === disk.source ? disk.format : told?.format;
    const format = isPart(file, plain, disk, facts) ? 'slice' : plain;
    return {
      file,
      ...(format === undefined ? {} : { format }),
      virtualBytes: isThere ? image.virtualBytes : (told?.virtualBytes ?? 'unknown'),
      allocatedBytes: isThere ? image.allocatedBytes : image === 'missing' ? 0 : (told?.allocatedBytes ?? 'unknown'),
      seen: isThere ? 'there' : (image ?? 'unknown'),
      snapshots: tree.snapshots.filter((snapshot) => standsIn(snapshot, target, file, facts)).map(({ name }) => name),
      sharedWith: otherVms.filter((other) => other.files.includes(file)).map(({ name }) => name),
      ...(own === undefined ? {} : { since: own.since }),
      ...(mergeFrees === undefined ? {} : { mergeFrees }),
    };
  });
  const last = files?.images.get(chain.at(-1) ?? '');
  const isWhole = typeof last === 'object' && last.backing === undefined && last.corrupt !== true;
  const toldWhole = before?.disks.some(
    (earlier) => earlier.target === target && earlier.whole && earlier.layers.at(-1)?.file === chain.at(-1),
  );
  return {
    target,
    layers,
    whole:
      isWhole ||
      (last !== 'missing' &&
        toldWhole === true &&
        disk.source === vm.disks.find((one) => one.target === target)?.source),
  };
}

/** Such a file does not tell what the disk is by itself: what stands at its beginning may be somebody else's. */
function isPart(file: string, format: string | undefined, { sliced }: VmDisk, { files }: Facts): boolean {
  return (
    (sliced === true && format === 'raw') ||
    [...(files?.images.values() ?? [])].some(
      (image) => typeof image === 'object' && image.backing?.part === true && image.backing.file === file,
    )
  );
}

function standsIn(snapshot: Snapshot, target: string, file: string, facts: Facts): boolean {
  return backingFileOf(facts, snapshot.name, target) === file && takesPart(snapshot, target);
}
