// What a delete of external snapshots does to files: which are merged, which go, and which somebody else needs.
// Decides nothing and knows no steps.
import { versionOf } from '../capabilities.js';
import { wholeChain } from './backingChain.js';
import { isRamOf } from './memoryFiles.js';
import { backingFileOf, restingOn } from './fileUse.js';
import { tagsIn } from './doomedTags.js';
import { ownStateCopies, stateFiles } from './stateCopies.js';
import type { PlannedMerge } from '../plannedMerge.js';
import type { Facts } from '../facts.js';
import type { Snapshot } from '../snapshot.js';
import { childrenOf, isOnActivePath } from '../snapshotTree.js';
import { xmlChain } from '../vm.js';

/**
 * The files of one delete, by path. A snapshot that the VM runs on is merged; the files of one that it does not run on
 * go.
 */
export interface DeletedFiles {
  /** Frozen by snapshots of other branches: removed as they are. */
  readonly removed: ReadonlySet<string>;
  /** Overlays that are merged into the file below them, then removed. */
  readonly mergedAway: ReadonlySet<string>;
  /** Frozen files that take a merge; those in between are in `mergedAway` too. */
  readonly changed: ReadonlySet<string>;
  /** Those of `changed` that the VM only reads, like the medium in a drive. */
  readonly onlyRead: ReadonlySet<string>;
  /** Those of which both files are known. */
  readonly merges: readonly PlannedMerge[];
}

export function deletedFiles(doomed: readonly Snapshot[], facts: Facts): DeletedFiles {
  const removed = new Set<string>();
  const mergedAway = new Set<string>();
  const changed = new Set<string>();
  const onlyRead = new Set<string>();
  const merges: PlannedMerge[] = [];
  for (const snapshot of doomed) {
    const active = isOnActivePath(facts.tree, snapshot.name);
    for (const target of externalTargets(snapshot)) {
      const frozen = backingFileOf(facts, snapshot.name, target);
      const above = active ? overlayAbove(snapshot, target, facts) : undefined;
      if (frozen !== undefined) {
        (active ? changed : removed).add(frozen);
        if (active && facts.vm.disks.some((disk) => disk.target === target && disk.readonly)) {
          onlyRead.add(frozen);
        }
      }
      if (above !== undefined) {
        mergedAway.add(above);
      }
      if (frozen !== undefined && above !== undefined) {
        merges.push({ snapshot: snapshot.name, target, overlay: above, base: frozen });
      }
    }
  }
  return { removed, mergedAway, changed, onlyRead, merges };
}

/**
 * Overlays that the snapshots made or were given by a revert, and that the VM has left: they rest on what is removed or
 * gets other content. Nobody else names them, so that nobody but these snapshots tells of them.
 */
export function abandonedOverlays(
  doomed: readonly Snapshot[],
  { removed, changed }: Pick<DeletedFiles, 'removed' | 'changed'>,
  facts: Facts,
): readonly string[] {
  const resting = restingOn(facts, [...removed, ...changed]);
  const present = new Set(facts.vm.disks.flatMap((disk) => wholeChain(disk, facts)));
  return doomed
    .flatMap(({ disks, revertDisks = [] }) => [...disks, ...revertDisks])
    .flatMap(({ file }) => (file !== undefined && resting.has(file) && !present.has(file) ? [file] : []));
}

/** The disks that it keeps as files of their own. */
export function externalTargets(snapshot: Snapshot): readonly string[] {
  return snapshot.disks.filter(({ location }) => location === 'external').map(({ target }) => target);
}

/** What the next snapshot on the active path froze; above the current one, what the VM runs on. */
export function overlayAbove(snapshot: Snapshot, target: string, facts: Facts): string | undefined {
  const { tree, vm } = facts;
  const next = childrenOf(tree, snapshot.name).find(({ name }) => isOnActivePath(tree, name));
  return next === undefined
    ? vm.disks.find((disk) => disk.target === target)?.source
    : backingFileOf(facts, next.name, target);
}

/** The overlay that libvirt takes for the one above what the snapshot froze. */
export function namedOverlay({ disks, revertDisks }: Snapshot, target: string): string | undefined {
  const of = (all: Snapshot['disks'] | undefined): string | undefined =>
    all?.find((disk) => disk.target === target && disk.location === 'external')?.file;
  return of(revertDisks) ?? of(disks);
}

/** Everything that the VM, its other snapshots and other VMs need. What a snapshot left behind must not be among it. */
export function neededFiles(going: ReadonlySet<string>, facts: Facts): ReadonlySet<string> {
  const { vm, tree, frozenDisks, otherVms = [] } = facts;
  const needed = new Set(otherVms.flatMap(({ files }) => files));
  const add = (file: string | undefined): void => {
    if (file !== undefined) {
      needed.add(file);
    }
  };
  stateFiles(vm).forEach(add);
  for (const disk of vm.disks) {
    wholeChain(disk, facts).forEach(add);
  }
  for (const snapshot of tree.snapshots.filter(({ name }) => !going.has(name))) {
    add(snapshot.memory.file);
    (snapshot.revertDisks ?? []).forEach(({ file }) => add(file));
    frozenDisks?.get(snapshot.name)?.forEach((disk) => xmlChain(disk).forEach(add));
  }
  return needed;
}

/**
 * What stays of a snapshot when libvirt has deleted it, and nobody needs.
 *
 * | file                                              | left by                           |
 * |---------------------------------------------------|-----------------------------------|
 * | its memory file, if it is one (`isRamOf`)         | libvirt < 9.1, and us             |
 * | our copies of UEFI variables and the TPM's state   | every libvirt: it knows of none   |
 * | the overlay that it made, if it was of another branch | every libvirt, if it is still there |
 *
 * Measured: 9.0 forgets the memory file; libvirt's news has it removed from 9.1 on. One that was not looked at counts
 * as there.
 */
export function filesLeftByDelete(
  snapshot: Snapshot,
  by: 'libvirt' | 'us',
  needed: ReadonlySet<string>,
  facts: Facts,
): readonly string[] {
  const { vm, tree, capabilities, files } = facts;
  const isSeenThere = (file: string): boolean => {
    const seen = files?.files.get(file) ?? files?.images.get(file);
    return seen !== undefined && seen !== 'missing' && seen !== 'unknown';
  };
  const left: string[] = [];
  const { memory } = snapshot;
  if (memory.file !== undefined && files?.files.get(memory.file) !== 'missing' && isRamOf(memory.file, facts)) {
    if (by === 'us' || capabilities.libvirt < versionOf(9, 1)) {
      left.push(memory.file);
    }
  }
  left.push(...ownStateCopies(vm, snapshot).filter(isSeenThere));
  if (!isOnActivePath(tree, snapshot.name)) {
    left.push(...snapshot.disks.flatMap(({ file }) => (file !== undefined && isSeenThere(file) ? [file] : [])));
  }
  // One that holds a snapshot which libvirt does not know is somebody's.
  return [...new Set(left)].filter((file) => !needed.has(file) && tagsIn(file, facts).length === 0);
}
