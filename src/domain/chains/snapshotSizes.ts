// The size of a snapshot: what deleting it alone frees, of its RAM, its files and what it holds inside of images. Pure.
import type { ImageExtents, InternalSize, Unreadable } from '../imageContents.js';
import { bytesOf, subtractRanges } from '../extents.js';
import {
  type Bytes,
  type DiskChain,
  type Layer,
  type MergeFrees,
  type Size,
  type SnapshotSize,
  sumOf,
  type VmLayers,
} from '../layers.js';
import type { Snapshot } from '../snapshot.js';

interface SizeSources {
  readonly snapshots: readonly Snapshot[];
  readonly disks: readonly DiskChain[];
  readonly branches: readonly DiskChain[];
  /** What a file takes that is no layer. */
  readonly allocated: (file: string) => Bytes;
  /** What the snapshot holds inside the image of this disk. */
  readonly inside: (snapshot: string, target: string) => InternalSize | undefined;
  /** By image: what all snapshots inside free together. */
  readonly together: readonly { readonly togetherBytes: number }[];
  /** A VM writes to the top layers. */
  readonly isActive: boolean;
  readonly before: VmLayers | undefined;
}

/** What goes with a snapshot; two that free the same name it alike. */
interface Part extends Size {
  readonly of: string;
  /** What it may free once others are gone. */
  readonly most?: Bytes;
}

export function snapshotSizes(sources: SizeSources): Pick<VmLayers, 'snapshots'> & { readonly together: Size } {
  const { snapshots, together: insides, before } = sources;
  const known = new Map(before?.snapshots.map((size) => [size.snapshot, size]));
  const sized = snapshots.map((snapshot) => sizeOf(snapshot, sources, known.get(snapshot.name)));
  const parts = new Map(sized.flatMap(({ parts: own }) => own.map((part) => [part.of, part])));
  const hasUnread = sized.some(({ size, isInside }) => isInside && (size.bytes === 'unknown' || insides.length === 0));
  const merges = [...parts.values()].filter(({ most }) => most !== undefined);
  const together = addSizes([
    ...(hasUnread ? [{ bytes: 'unknown', how: 'exact' } as const] : []),
    ...insides.map(({ togetherBytes }) => ({ bytes: togetherBytes, how: 'exact' as const })),
    ...[...parts.values()].map(({ bytes, how, most }): Size => {
      // Several merges free at least what each does, and at most all that is merged.
      return most !== undefined && how === 'atMost'
        ? { bytes: most, how }
        : { bytes, how: merges.length > 1 && most !== undefined ? 'estimate' : how };
    }),
  ]);
  return {
    snapshots: sized.map(({ size }) => size),
    together: together.bytes === 'unknown' ? (before?.together ?? together) : atLeastNothing(together),
  };
}

/**
 * | part of the snapshot           | is freed                                                           |
 * |--------------------------------|--------------------------------------------------------------------|
 * | RAM in a file                  | that file                                                          |
 * | its state inside an image      | what it alone holds, with its RAM                                  |
 * | its state in an image file     | see `diskPart`                                                     |
 */
function sizeOf(
  snapshot: Snapshot,
  sources: SizeSources,
  told: SnapshotSize | undefined,
): { readonly size: SnapshotSize; readonly parts: readonly Part[]; readonly isInside: boolean } {
  const { name, memory, disks } = snapshot;
  const held = disks
    .filter(({ location }) => location === 'internal')
    .map(({ target }) => sources.inside(name, target));
  const sum = (of: 'vmStateBytes' | 'heldBytes' | 'freedBytes'): Bytes =>
    sumOf(held.map((size) => size?.[of] ?? 'unknown'));
  const ram = memory.file === undefined ? 'unknown' : sources.allocated(memory.file);
  const memoryBytes = memory.location === 'internal' ? sum('vmStateBytes') : ram;
  const parts = [
    ...(memory.location === 'external'
      ? [{ of: memory.file ?? name, bytes: knownBytes(ram, told?.memoryBytes), how: 'exact' as const }]
      : []),
    ...disks.flatMap(({ target, location, file }) =>
      location === 'external' ? diskParts({ snapshot: name, target, own: file }, sources) : [],
    ),
  ];
  const isInside = held.length > 0;
  const freed = sum('freedBytes');
  const isMoving = sources.isActive && isInside;
  const inside: Size =
    isInside && freed === 'unknown' && told !== undefined && parts.length === 0
      ? told
      : { bytes: freed, how: isMoving ? 'estimate' : 'exact' };
  return {
    size: {
      snapshot: name,
      ...atLeastNothing(addSizes([...parts, ...(isInside ? [inside] : [])])),
      ...(memory.location === 'no' ? {} : { memoryBytes: knownBytes(memoryBytes, told?.memoryBytes) }),
      ...(isInside ? { heldBytes: knownBytes(sum('heldBytes'), told?.heldBytes) } : {}),
    },
    parts,
    isInside,
  };
}

interface FrozenDisk {
  readonly snapshot: string;
  readonly target: string;
  /** The overlay that was made over it. */
  readonly own: string | undefined;
}

/**
 * | what stands on the file that the snapshot froze | a delete                                   | frees               |
 * |-------------------------------------------------|--------------------------------------------|---------------------|
 * | nothing, or the overlay that it left behind     | removes both                               | both                |
 * | one layer                                       | merges it: what is in both is there once   | `mergeFrees`, or at most `mostOfMerge` |
 * | several layers, or another snapshot in the file | leaves the file to them                    | nothing             |
 * | the file is in no chain that was read           |                                            | unknown             |
 */
function diskParts(
  { snapshot, target, own }: FrozenDisk,
  { disks, branches, isActive, allocated }: SizeSources,
): readonly Part[] {
  const chains = [...disks, ...branches].filter((chain) => chain.target === target);
  const isIts = (layer: Layer): boolean => layer.snapshots.includes(snapshot);
  const frozen = chains.flatMap(({ layers }) => layers.find(isIts) ?? [])[0];
  if (frozen === undefined) {
    return [{ of: `${snapshot} ${target}`, bytes: 'unknown', how: 'exact' }];
  }
  const above = new Map(
    chains.flatMap(({ layers }) => {
      const upper = layers[layers.findIndex(({ file }) => file === frozen.file) - 1];
      const isGone = upper?.seen === 'missing' || (upper !== undefined && allocated(upper.file) === 0);
      return upper === undefined || isGone ? [] : [[upper.file, upper] as const];
    }),
  );
  const present = new Set(disks.flatMap(({ layers }) => layers.map(({ file }) => file)));
  const left = own === undefined || present.has(own) || present.has(frozen.file) ? undefined : above.get(own);
  const [upper, ...more] = [...above.values()].filter((layer) => layer !== left);
  if (frozen.snapshots.length > 1 || more.length > 0 || (upper === undefined && present.has(frozen.file))) {
    return [];
  }
  if (upper === undefined) {
    return [frozen, ...(left === undefined ? [] : [left])].map(({ file, allocatedBytes }) => {
      return { of: file, bytes: allocatedBytes, how: 'exact' };
    });
  }
  const isWritten = isActive && disks.some(({ layers: [top] }) => top === upper);
  const { mergeFrees, allocatedBytes } = upper;
  const isExact = !isWritten && mergeFrees?.how === 'exact' && mergeFrees.allocatedBytes === allocatedBytes;
  const most = { of: upper.file, most: allocatedBytes };
  return mergeFrees === undefined
    ? [{ ...most, bytes: mostOfMerge(allocatedBytes, frozen.allocatedBytes), how: 'atMost' }]
    : [
        {
          ...most,
          bytes: mergeFrees.bytes,
          how: isExact ? 'exact' : 'estimate',
        },
      ];
}

/** Two layers of which the upper one may be merged into the lower, when a snapshot is deleted. */
export interface LayerPair {
  readonly upper: Layer;
  readonly lower: Layer;
}

/** Those of the current state whose common content is not known, or was before the upper one grew. */
export function pairsToRead({ disks }: Pick<VmLayers, 'disks'>): readonly LayerPair[] {
  return disks.flatMap(({ layers }) =>
    layers.flatMap((lower, index): readonly LayerPair[] => {
      const upper = layers[index - 1];
      return upper === undefined ||
        lower.snapshots.length === 0 ||
        upper.allocatedBytes === 'unknown' ||
        upper.mergeFrees?.allocatedBytes === upper.allocatedBytes
        ? []
        : [{ upper, lower }];
    }),
  );
}

/**
 * The upper file goes, and the lower one takes what it did not have: less than nothing is freed where that is more.
 *
 * | of a place                        | the lower one takes                                             |
 * |-----------------------------------|-----------------------------------------------------------------|
 * | data in both                      | nothing                                                         |
 * | compressed below                  | a cluster: what is compressed is never written over             |
 * | zeros above                       | a cluster where the merge writes them, as QEMU 7.2's block-commit below the top layer does |
 * | zeros below, something else above | a cluster where the zeros have none                             |
 */
export function mergeFreesOf(
  { upper: { allocatedBytes } }: LayerPair,
  upper: ImageExtents | Unreadable,
  lower: ImageExtents | Unreadable,
): MergeFrees | undefined {
  const [above, below] = [upper, lower].map((image) => (typeof image === 'string' ? 'unreadable' : image.states[0]));
  if (allocatedBytes === 'unknown' || typeof above !== 'object' || typeof below !== 'object') {
    return undefined;
  }
  const comes = (zeros: 'written' | 'kept'): number => {
    const written = above.filter(({ kind }) => kind !== 'zero' || zeros === 'written');
    const had = below.filter(({ kind }) => kind === 'data' || (kind === 'zero' && zeros === 'kept'));
    return bytesOf(subtractRanges(written, had));
  };
  const most = comes('written');
  return {
    bytes: allocatedBytes - most,
    how: comes('kept') === most ? 'exact' : 'atLeast',
    allocatedBytes,
  };
}

/**
 * | of the parts                                       | the sum is                              |
 * |----------------------------------------------------|-----------------------------------------|
 * | all are known                                      | exact, or an estimate where one is      |
 * | some are unknown or at most, others free something | at least what those free                |
 * | some are at most, no other frees anything          | at most that                            |
 * | some are unknown, no other frees anything          | unknown                                 |
 */
export function addSizes(parts: readonly Size[]): Size {
  const isSure = ({ bytes, how }: Size): boolean => bytes === 0 || (bytes !== 'unknown' && how !== 'atMost');
  const least = sumOf(parts.filter(isSure).map(({ bytes }) => bytes));
  if (!parts.every(isSure)) {
    const most = sumOf(parts.map(({ bytes }) => bytes));
    return least === 'unknown' || least <= 0
      ? { bytes: most, how: most === 'unknown' ? 'exact' : 'atMost' }
      : { bytes: least, how: 'atLeast' };
  }
  const how = (['atLeast', 'estimate'] as const).find((one) =>
    parts.some((part) => part.how === one && part.bytes !== 0),
  );
  return { bytes: least, how: how ?? 'exact' };
}

/** What is shown as a size: a delete that takes more than it frees says so in its question. */
function atLeastNothing({ bytes, how }: Size): Size {
  return { bytes: bytes === 'unknown' ? bytes : Math.max(0, bytes), how };
}

/** An overlay without data. */
const tablesBytes = 1024 * 1024;

/**
 * What a merge frees at most, where the tables of the images were not read: the content that both have, and the tables
 * of the upper one. What a block device takes nobody tells.
 */
export function mostOfMerge(upper: Bytes, lower: Bytes): Bytes {
  const most = lower === 'unknown' || lower === 0 ? 'unknown' : lower + tablesBytes;
  return upper === 'unknown' ? most : most === 'unknown' ? upper : Math.min(upper, most);
}

function knownBytes(now: Bytes, before: Bytes | undefined): Bytes {
  return now === 'unknown' ? (before ?? now) : now;
}
