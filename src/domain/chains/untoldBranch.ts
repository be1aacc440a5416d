// A crash of libvirt 10.0 to 12.7, foreseen. Before a merge it looks at the snapshots of other branches above the one that goes:
// what each of their disks rests on. Where neither their metadata tells nor the image could be read as one that stands
// alone, it follows a pointer to nothing and the daemon is gone (read in 11.3's sources, `qemuSnapshotDiskHasBackingDisk`, and
// measured there; 12.8 does it).
import { formatVersion, versionOf } from '../capabilities.js';
import type { Facts } from '../facts.js';
import { type Refused, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';
import { descendantsOf, isOnActivePath } from '../snapshotTree.js';
import type { VmDisk } from '../vm.js';

/**
 * | the disk in the metadata of the branch | its image                    | → |
 * |----------------------------------------|------------------------------|---|
 * | a layer below it is told               | any                          | ok |
 * | a volume, or on a network              | any                          | ok: libvirt passes over it |
 * | an empty drive                         | –                            | crashesOnBranch |
 * | nothing is told, raw                   | missing                      | crashesOnBranch |
 * | nothing is told, raw                   | any other                    | ok |
 * | nothing is told, any other format      | stands alone                 | ok |
 * | nothing is told, any other format      | rests on another, or is not seen | crashesOnBranch |
 *
 * @param going all snapshots that go; those of other branches go before what they descend from
 */
export function untoldBranchRefusal(
  doomed: readonly Snapshot[],
  going: ReadonlySet<string>,
  facts: Facts,
): Refused | undefined {
  const { tree, capabilities, frozenDisks } = facts;
  if (capabilities.libvirt < versionOf(10, 0) || capabilities.libvirt >= versionOf(12, 8)) {
    return undefined;
  }
  for (const snapshot of doomed.filter(({ name }) => isOnActivePath(tree, name))) {
    for (const other of descendantsOf(tree, snapshot.name)) {
      const passed = going.has(other.name) || isOnActivePath(tree, other.name);
      const disk = passed ? undefined : frozenDisks?.get(other.name)?.find((one) => crashes(one, facts));
      if (disk !== undefined) {
        const told = { snapshot: snapshot.title, by: other.title, disk: disk.target, needed: '12.8' };
        return refuse('crashesOnBranch', { ...told, version: formatVersion(capabilities.libvirt) });
      }
    }
  }
  return undefined;
}

function crashes(disk: VmDisk, { files }: Facts): boolean {
  const isLocal = ['file', 'block', 'dir'].includes(disk.sourceType) && disk.volume === undefined;
  if (!isLocal || disk.only === 'configured' || tellsBelow(disk)) {
    return false;
  }
  if (disk.source === undefined) {
    return true;
  }
  const image = files?.images.get(disk.source);
  return disk.format === 'raw' || files === undefined
    ? image === 'missing'
    : typeof image !== 'object' || image.backing !== undefined;
}

/** Its metadata name what is below the disk, to the end or not. */
function tellsBelow({ backing, layers }: VmDisk): boolean {
  return backing !== undefined || layers !== undefined;
}

/** What has to be looked at for `untoldBranchRefusal`, and for who rests on what goes where no metadata tell it. */
export function untoldImages({ tree, frozenDisks }: Facts): readonly string[] {
  return tree.snapshots.flatMap(({ name }) =>
    isOnActivePath(tree, name)
      ? []
      : (frozenDisks?.get(name) ?? []).flatMap((disk) => (tellsBelow(disk) ? [] : (disk.source ?? []))),
  );
}
