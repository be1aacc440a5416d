// Puts snapshots below another one, or makes them roots, in libvirt's metadata alone.
import type { Step } from '../steps/step.js';
import type { Snapshot, SnapshotTree } from '../domain/snapshot.js';
import { childrenOf, parentOf } from '../domain/snapshotTree.js';

/** @param parent none: they are roots from now on */
export function reparentSteps(snapshots: readonly Snapshot[], parent: string | undefined): readonly Step[] {
  return snapshots.map(({ name }) => ({
    kind: 'reparent',
    snapshot: name,
    ...(parent === undefined ? {} : { parent }),
  }));
}

/**
 * For before an external snapshot is forgotten: its children become its parent's. libvirt would do that itself, but 9.0
 * notes other files for them then, merged or not.
 */
export function reparentChildrenSteps(tree: SnapshotTree, name: string): readonly Step[] {
  return reparentSteps(childrenOf(tree, name), parentOf(tree, name)?.name);
}
