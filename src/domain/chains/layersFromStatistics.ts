// A VM's layers from libvirt's statistics of all VMs and what is known beside them. Looks at no file, and takes what it
// cannot know for not known.
import type { LayerStatistics, VmStatistics } from '../diskStatistics.js';
import type { InternalSizes } from '../imageContents.js';
import type { Bytes, DiskChain, Layer, MergeFrees, VmLayers } from '../layers.js';
import { type Snapshot, type SnapshotTree, emptyTree } from '../snapshot.js';
import { snapshotableDisks, type Vm } from '../vm.js';
import { revertSecondOf } from './overlayFiles.js';
import { snapshotSizes } from './snapshotSizes.js';

interface StatisticsContext {
  readonly vm: Vm;
  /** Absent: which layer belongs to which snapshot is not known. */
  readonly tree?: SnapshotTree;
  /** By file, names of the VMs that are known to rest on it, this one too. */
  readonly users: ReadonlyMap<string, ReadonlySet<string>>;
  /** What was known before holds on for what lies below the same files, and for what statistics never tell. */
  readonly before?: VmLayers;
  /** What was looked at beside, where that costs no call. */
  readonly beside?: BesideStatistics;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface BesideStatistics {
  /** What files that are no layer of the current state take. */
  readonly files: ReadonlyMap<string, Bytes>;
  /** By image, what the snapshots inside take. */
  readonly inside: ReadonlyMap<string, InternalSizes>;
  /** By layer, what is freed when it is merged into the one below. */
  readonly merges: ReadonlyMap<string, MergeFrees>;
}

/** Files of the snapshots that the statistics do not tell of, and images with snapshots inside. */
export function filesBeside(
  { layers }: VmStatistics,
  tree: SnapshotTree,
): { readonly files: readonly string[]; readonly images: readonly string[] } {
  const told = new Set(layers.map(({ file }) => file));
  const files = tree.snapshots.flatMap(({ memory, disks, revertDisks = [] }) => [
    memory.file,
    ...[...disks, ...revertDisks].map(({ file }) => file),
  ]);
  const isInside = (target: string): boolean => internalIn(tree.snapshots, target).length > 0;
  const tops = layers.filter(({ target }, index) => layers.findIndex((layer) => layer.target === target) === index);
  return {
    files: [...new Set(files)].filter((file) => file !== undefined && !told.has(file)) as string[],
    images: hasExternal(tree) ? [] : tops.flatMap(({ target, file }) => (isInside(target) ? (file ?? []) : [])),
  };
}

function hasExternal({ snapshots }: SnapshotTree): boolean {
  return snapshots.some(({ style }) => style === 'external');
}

export function layersFromStatistics(statistics: VmStatistics, context: StatisticsContext): VmLayers {
  const { vm, tree = emptyTree, before, now } = context;
  const overlays = overlaysOf(tree.snapshots);
  const disks = snapshotableDisks(vm).flatMap(({ target }) => {
    const told = statistics.layers.filter((layer) => layer.target === target);
    return told[0]?.file === undefined ? [] : [diskChain({ ...statistics, layers: told }, target, overlays, context)];
  });
  const sizes = new Map(disks.flatMap(({ layers }) => layers.map((layer) => [layer.file, layer.allocatedBytes])));
  const { beside } = context;
  const top = (target: string): string => disks.find((disk) => disk.target === target)?.layers[0]?.file ?? '';
  const branches = otherBranches(before, disks, overlays);
  const { snapshots, together } = snapshotSizes({
    snapshots: tree.snapshots,
    disks,
    branches: branches ?? [],
    allocated: (file) => sizes.get(file) ?? beside?.files.get(file) ?? 'unknown',
    inside: (snapshot, target) => beside?.inside.get(top(target))?.snapshots.find(({ name }) => name === snapshot),
    together: [...(beside?.inside.values() ?? [])],
    isActive: statistics.active,
    before,
  });
  const togetherNow = context.tree === undefined || together.bytes === 'unknown' ? before?.together : together;
  return {
    readAt: now,
    from: before?.from ?? 'statistics',
    disks,
    snapshots,
    rooms: before?.rooms ?? [],
    ...(branches === undefined ? {} : { branches }),
    ...(togetherNow === undefined ? {} : { together: togetherNow }),
  };
}

/** What was read of them before, and what the VM stood on before a revert. */
function otherBranches(
  before: VmLayers | undefined,
  disks: readonly DiskChain[],
  overlays: readonly Overlay[],
): VmLayers['branches'] {
  const present = new Set(disks.flatMap(({ layers }) => layers.map(({ file }) => file)));
  const left = (before?.disks ?? []).flatMap((chain) => {
    const maker = overlays.find(({ file }) => file === chain.layers[0]?.file);
    return maker === undefined || chain.layers.length === 1 ? [] : [{ ...chain, snapshot: maker.snapshot }];
  });
  const known = [...(before?.branches ?? []), ...left].filter(({ layers: [top] }) => !present.has(top?.file ?? ''));
  return before?.branches === undefined && left.length === 0 ? undefined : known;
}

/** A file that took the writes after a snapshot, or after a revert to it. */
export interface Overlay {
  readonly target: string;
  readonly file: string;
  readonly snapshot: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** A revert by libvirt names its overlays by the second in which they were made. */
export function overlaysOf(snapshots: readonly Snapshot[]): readonly Overlay[] {
  return snapshots.flatMap(({ name, createdAt, disks, revertDisks = [] }) =>
    [...disks, ...revertDisks].flatMap(({ target, location, file }) =>
      location === 'external' && file !== undefined
        ? [{ target, file, snapshot: name, since: Math.max(createdAt, (revertSecondOf(file) ?? 0) * 1_000) }]
        : [],
    ),
  );
}

type LayerSizes = Pick<LayerStatistics, 'allocatedBytes' | 'virtualBytes'> & { readonly file: string };

function diskChain(
  { active, layers }: VmStatistics,
  target: string,
  overlays: readonly Overlay[],
  context: StatisticsContext,
): DiskChain {
  const { vm, tree, before } = context;
  const told = layers.flatMap(({ file, ...sizes }) => (file === undefined ? [] : [{ file, ...sizes }]));
  const disk = vm.disks.find((own) => own.target === target);
  const earlier = before?.disks.find((own) => own.target === target);
  const lower = active ? { layers: [], whole: told.length === layers.length } : lowerOf(told, disk, earlier);
  const inside =
    tree?.snapshots.some(({ style }) => style === 'external') === true ? [] : internalIn(tree?.snapshots, target);
  const files = [...told, ...lower.layers];
  return {
    target,
    whole: lower.whole,
    layers: files.map((layer, index) => {
      const old = earlier?.layers.find(({ file }) => file === layer.file);
      const above = files[index - 1]?.file;
      const own = overlays.find((overlay) => overlay.target === target && overlay.file === layer.file);
      const frozen = overlays.filter((overlay) => overlay.target === target && overlay.file === above);
      const format = disk?.source === layer.file ? disk.format : old?.format;
      return {
        file: layer.file,
        ...(format === undefined ? {} : { format }),
        virtualBytes: layer.virtualBytes,
        allocatedBytes: layer.allocatedBytes,
        seen: layer.allocatedBytes === 'unknown' ? (old?.seen ?? 'unknown') : 'there',
        snapshots: [
          ...new Set([
            ...frozen.map(({ snapshot }) => snapshot),
            ...(index === 0 ? inside : []),
            ...remainingSnapshots(old, tree),
          ]),
        ],
        sharedWith: [...(context.users.get(layer.file) ?? [])].filter((name) => name !== vm.name).toSorted(),
        ...(own === undefined ? {} : { since: own.since }),
        ...mergeOf(layer.file, files[index + 1]?.file, earlier, context.beside),
      };
    }),
  };
}

/** What was read before holds on as long as the layer stands on the same one. */
function mergeOf(
  file: string,
  below: string | undefined,
  earlier: DiskChain | undefined,
  beside: BesideStatistics | undefined,
): Pick<Layer, 'mergeFrees'> {
  const at = earlier?.layers.findIndex((layer) => layer.file === file) ?? -1;
  const isSame = at >= 0 && earlier?.layers[at + 1]?.file === below;
  const mergeFrees = beside?.merges.get(file) ?? (isSame ? earlier?.layers[at]?.mergeFrees : undefined);
  return below === undefined || mergeFrees === undefined ? {} : { mergeFrees };
}

/** For a VM that is off, usually only the top layer is known. */
function lowerOf(
  told: readonly LayerSizes[],
  disk: Vm['disks'][number] | undefined,
  earlier: DiskChain | undefined,
): { readonly layers: readonly LayerSizes[]; readonly whole: boolean } {
  const isSame = earlier !== undefined && told.every(({ file }, index) => earlier.layers[index]?.file === file);
  if (isSame && earlier.layers.length > told.length) {
    return { layers: earlier.layers.slice(told.length), whole: earlier.whole };
  }
  const fromXml = disk?.source === told[0]?.file ? disk?.backing : undefined;
  const layers = (fromXml ?? []).slice(told.length - 1).map((file): LayerSizes => {
    return { file, allocatedBytes: 'unknown', virtualBytes: 'unknown' };
  });
  return { layers, whole: fromXml !== undefined || (isSame && earlier.whole) };
}

function internalIn(snapshots: readonly Snapshot[] = [], target: string): readonly string[] {
  return snapshots
    .filter(({ disks }) => disks.some((disk) => disk.target === target && disk.location === 'internal'))
    .map(({ name }) => name);
}

/** The files tell better than the statistics which snapshots stand in them; those that are gone do not. */
function remainingSnapshots(old: Layer | undefined, tree: SnapshotTree | undefined): readonly string[] {
  return (old?.snapshots ?? []).filter(
    (name) => tree === undefined || tree.snapshots.some((snapshot) => snapshot.name === name),
  );
}
