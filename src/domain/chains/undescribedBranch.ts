// A crash of libvirt 10.0 to 12.7, foreseen. Before a merge it looks at the snapshots of other branches above the one
// that goes: what each of their disks rests on. Where neither their metadata tells nor the image could be read as one
// that stands alone, it follows a pointer to nothing and the daemon is gone (read in 11.3's sources,
// `qemuSnapshotDiskHasBackingDisk`, and measured there; 12.8 does it). Where the metadata tell, it puts the branch on
// the merged file: so they are made to tell.
import { formatVersion, versionOf } from '../capabilities.js';
import { isDevicePath } from '../devicePath.js';
import type { Facts } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';
import { descendantsOf, isOnActivePath } from '../snapshotTree.js';
import type { UntoldDisk, VmDisk, VmLayer } from '../vm.js';
import { imageChain } from './backingChain.js';

/** `below` is undefined where it cannot be seen. */
interface UndescribedLayer {
  readonly going: Snapshot;
  readonly snapshot: Snapshot;
  readonly target: string;
  readonly below: UntoldDisk['below'] | undefined;
}

/** @param going all snapshots that go; those of other branches go before what they descend from */
export function undescribedBranchRefusal(
  doomed: readonly Snapshot[],
  going: ReadonlySet<string>,
  facts: Facts,
): RefusedDecision | undefined {
  const found = findUndescribed(doomed, going, facts).find(({ below }) => below === undefined);
  if (found === undefined) {
    return undefined;
  }
  const { going: top, snapshot, target } = found;
  return refuse('crashesOnBranch', {
    snapshot: top.title,
    by: snapshot.title,
    disk: target,
    version: formatVersion(facts.capabilities.libvirt),
    needed: '12.8',
  });
}

/** What the snapshots of other branches have to tell before these are deleted, by their names. */
export function undescribedDisks(
  doomed: readonly Snapshot[],
  going: ReadonlySet<string>,
  facts: Facts,
): ReadonlyMap<string, readonly UntoldDisk[]> {
  const disks = new Map<string, readonly UntoldDisk[]>();
  for (const { snapshot, target, below } of findUndescribed(doomed, going, facts)) {
    const known = disks.get(snapshot.name) ?? [];
    if (below !== undefined && !known.some((disk) => disk.target === target)) {
      disks.set(snapshot.name, [...known, { target, below }]);
    }
  }
  return disks;
}

function findUndescribed(
  doomed: readonly Snapshot[],
  going: ReadonlySet<string>,
  facts: Facts,
): readonly UndescribedLayer[] {
  const { tree, capabilities, frozenDisks } = facts;
  if (capabilities.libvirt < versionOf(10, 0) || capabilities.libvirt >= versionOf(12, 8)) {
    return [];
  }
  const merged = doomed.filter(({ name }) => isOnActivePath(tree, name));
  return merged.flatMap((top) =>
    descendantsOf(tree, top.name)
      .filter(({ name }) => !going.has(name) && !isOnActivePath(tree, name))
      .flatMap((snapshot) =>
        (frozenDisks?.get(snapshot.name) ?? []).flatMap((disk): readonly UndescribedLayer[] => {
          const below = crashesOn(disk, facts) ? belowOf(disk, facts) : 'told';
          return below === 'told' ? [] : [{ going: top, snapshot, target: disk.target, below }];
        }),
      ),
  );
}

/**
 * | the disk in the metadata of the branch | its image                        | libvirt |
 * |----------------------------------------|----------------------------------|---------|
 * | a layer below it is told               | any                              | goes by that |
 * | a volume, or on a network              | any                              | passes over it |
 * | an empty drive                         | –                                | crashes |
 * | nothing is told, raw                   | missing                          | crashes |
 * | nothing is told, raw                   | any other                        | sees that it stands alone |
 * | nothing is told, any other format      | stands alone                     | sees that |
 * | nothing is told, any other format      | rests on another, or is not seen | crashes |
 */
function crashesOn(disk: VmDisk, { files }: Facts): boolean {
  const isLocal = ['file', 'block', 'dir'].includes(disk.sourceType) && disk.volume === undefined;
  if (!isLocal || disk.only === 'configured' || tellsBelow(disk)) {
    return false;
  }
  if (disk.source === undefined) {
    return true;
  }
  const image = files?.images.get(disk.source);
  // For a menu nobody has looked.
  return disk.format === 'raw' || files === undefined
    ? image === 'missing'
    : typeof image !== 'object' || image.backing !== undefined;
}

/** Undefined where a layer is not seen, or is told in a way that the metadata could not repeat. */
function belowOf({ source, format }: VmDisk, { files }: Facts): UntoldDisk['below'] | undefined {
  if (source === undefined || format === 'raw') {
    return [];
  }
  const { files: chain, last } = imageChain(source, files?.images);
  if (typeof last !== 'object' || last.backing !== undefined) {
    return undefined;
  }
  const layers: Required<VmLayer>[] = [];
  for (const above of chain.slice(0, -1)) {
    const image = files?.images.get(above);
    const backing = typeof image === 'object' ? image.backing : undefined;
    if (backing?.format === undefined || backing.part === true || !backing.file.startsWith('/')) {
      return undefined;
    }
    layers.push({ type: isDevicePath(backing.file) ? 'block' : 'file', format: backing.format, file: backing.file });
  }
  return layers;
}

/** The metadata name what is below the disk, to the end or not. */
export function tellsBelow({ backing, layers }: Pick<VmDisk, 'backing' | 'layers'>): boolean {
  return backing !== undefined || layers !== undefined;
}

/** What has to be looked at for this, and for who rests on what goes where no metadata tell it. */
export function imagesBelowUndescribed({ tree, frozenDisks }: Facts): readonly string[] {
  return tree.snapshots.flatMap(({ name }) =>
    isOnActivePath(tree, name)
      ? []
      : (frozenDisks?.get(name) ?? []).flatMap((disk) => (tellsBelow(disk) ? [] : (disk.source ?? []))),
  );
}
