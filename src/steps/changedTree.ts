// A tree of snapshots with something changed, as libvirt does it. Knows no step and no files.
import type { Facts } from '../domain/facts.js';
import type { Snapshot, SnapshotTree } from '../domain/snapshot.js';
import { findSnapshot } from '../domain/snapshotTree.js';

export function changedSnapshot(facts: Facts, name: string, change: (snapshot: Snapshot) => Snapshot): Facts {
  const snapshots = facts.tree.snapshots.map((one) => (one.name === name ? change(one) : one));
  return { ...facts, tree: { ...facts.tree, snapshots } };
}

/** @param parent none: as a root */
export function reparentSnapshot(snapshot: Snapshot, parent: string | undefined): Snapshot {
  const { parent: was, ...root } = snapshot;
  return parent === undefined ? root : was === parent ? snapshot : { ...root, parent };
}

export function withoutRevertDisks(snapshot: Snapshot): Snapshot {
  const { revertDisks, ...rest } = snapshot;
  return revertDisks === undefined ? snapshot : rest;
}

/**
 * Its children become its parent's, and its parent the current one where it was that. No file is touched. With a child,
 * whichever it is and however it goes, a snapshot that was reverted to loses `revertDisks`: they are its own disks from
 * then on, other children or not (measured with 11.3 and 12.8).
 */
export function forgetSnapshotIn(name: string, facts: Facts): Facts {
  const { tree, frozenDisks } = facts;
  return {
    ...facts,
    tree: treeWithout(name, tree),
    ...(frozenDisks === undefined
      ? {}
      : { frozenDisks: new Map([...frozenDisks].filter(([snapshot]) => snapshot !== name)) }),
  };
}

function treeWithout(name: string, tree: SnapshotTree): SnapshotTree {
  const parent = findSnapshot(tree, name)?.parent;
  const current = tree.current === name ? parent : tree.current;
  return {
    snapshots: tree.snapshots
      .filter((one) => one.name !== name)
      .map((one) =>
        one.name === parent ? dropRevertDisks(one) : one.parent === name ? reparentSnapshot(one, parent) : one,
      ),
    ...(current === undefined ? {} : { current }),
  };
}

function dropRevertDisks(snapshot: Snapshot): Snapshot {
  const { revertDisks: disks = snapshot.disks } = snapshot;
  return { ...withoutRevertDisks(snapshot), disks };
}
