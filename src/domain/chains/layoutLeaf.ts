// Snapshots that we took unasked, and the one kind of them that holds a VM's layout together. Knows no steps.
import { namedOverlay, externalTargets } from './deletedFiles.js';
import { restingOn, snapshotsIn } from './fileUse.js';
import { versionOf } from '../capabilities.js';
import type { AutoReason } from '../description.js';
import type { Facts } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';
import { activePath, childrenOf, parentOf } from '../snapshotTree.js';

/** Anybody can write an `Auto:` trailer; our own records say whether it was us, and that it is still the same one. */
export function isAuto(snapshot: Snapshot, why: AutoReason, { autoSnapshots = [] }: Facts): boolean {
  return (
    snapshot.trailers.auto === why &&
    autoSnapshots.some((own) => own.why === why && own.name === snapshot.name && own.createdAt === snapshot.createdAt)
  );
}

/**
 * After a revert of ours to a snapshot with children, libvirt before 9.9 has no place to note the VM's new overlay, so
 * a leaf is made that does: with the leaf gone, its parent would be current and name the overlay that its children are
 * built on, and the next revert by a newer libvirt would remove that one.
 *
 * | the leaf                                          | somebody else is built on its parent's overlay | → |
 * |---------------------------------------------------|------------------------------------------------|---|
 * | goes with all above it, its parent becomes current | yes, and stays                                | layoutLeafNeeded |
 * | goes with all above it, its parent becomes current | no, or goes too                               | ok: the parent gets the VM's overlay to name |
 * | has one above it that stays                       | any                                            | ok: that one stands in its place |
 * | is of another branch                              | any                                            | ok: the VM is not on it |
 *
 * Before libvirt 9.9 whatever is in that place is such a leaf: the one that was made for it may have gone since. Later
 * releases note the overlay themselves, but for a leaf of ours from before an upgrade.
 *
 * Where the frozen files are not known, the leaf is one that our records vouch for, and any other child of its parent
 * counts as built on its overlay.
 */
export function layoutLeafRefusal(going: ReadonlySet<string>, facts: Facts): RefusedDecision | undefined {
  const { tree, capabilities, frozenDisks } = facts;
  // From the current one down, as far as all goes.
  const [leaf] = activePath(tree).slice(activePath(tree).findLastIndex(({ name }) => !going.has(name)) + 1);
  const parent = leaf === undefined ? undefined : parentOf(tree, leaf.name);
  if (leaf === undefined || parent === undefined) {
    return undefined;
  }
  const byFiles = capabilities.libvirt < versionOf(9, 9) && frozenDisks !== undefined;
  if (!byFiles && !isAuto(leaf, 'layout', facts)) {
    return undefined;
  }
  const user = remainingUser(parent, going, facts);
  return user === undefined
    ? undefined
    : refuse('layoutLeafNeeded', { snapshot: leaf.title, parent: parent.title, by: user.title });
}

function remainingUser(parent: Snapshot, going: ReadonlySet<string>, facts: Facts): Snapshot | undefined {
  if (facts.frozenDisks === undefined) {
    return childrenOf(facts.tree, parent.name).find(({ name }) => !going.has(name));
  }
  const overlays = externalTargets(parent).flatMap((target) => namedOverlay(parent, target) ?? []);
  return snapshotsIn(facts, restingOn(facts, overlays)).find(({ snapshot }) => !going.has(snapshot.name))?.snapshot;
}
