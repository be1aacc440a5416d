// Whether a file that a snapshot froze was in use again later: another snapshot that froze it too tells so.
import { externalTargets } from './deletedFiles.js';
import { backingFileOf } from './fileUse.js';
import { beneathElsewhere, chainBelow } from './frozenContent.js';
import { isAsFrozen } from './frozenLayers.js';
import type { Facts } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';
import { isAncestor } from '../snapshotTree.js';

/**
 * An external snapshot leaves the file that it freezes: who freezes the same file later, or one that it rests on, found
 * the VM on it once more, after a merge by hand or a VM that was put back on it, and what was written between is in
 * there.
 *
 * | another external snapshot froze such a file of a disk, and    | → |
 * |--------------------------------------------------------------|---|
 * | stands above this one, or is younger in another branch       | frozenAgain |
 * | the same, and nobody wrote into the file: see `isAsFrozen`    | ok: somebody defined the VM on it, and never started it there |
 * | stands below this one, or is older                           | ok: that one is not as it was |
 */
export function frozenAgainRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { tree } = facts;
  for (const target of externalTargets(snapshot)) {
    const chain = chainBelow(snapshot, target, facts);
    for (const other of tree.snapshots.filter((one) => externalTargets(one).includes(target))) {
      const file = frozenFileOf(other, target, facts);
      if (
        file !== undefined &&
        chain.includes(file) &&
        isLater(other, snapshot, facts) &&
        !isAsFrozen(file, snapshot, facts)
      ) {
        return refuse('frozenAgain', { snapshot: snapshot.title, disk: target, file, by: other.title });
      }
    }
  }
  return undefined;
}

/** What it froze: its overlay knows, where libvirt noted another file when one below was renamed or forgotten. */
function frozenFileOf(snapshot: Snapshot, target: string, facts: Facts): string | undefined {
  return beneathElsewhere(snapshot, target, facts) ?? backingFileOf(facts, snapshot.name, target);
}

function isLater(other: Snapshot, snapshot: Snapshot, { tree }: Facts): boolean {
  return (
    isAncestor(tree, snapshot.name, other.name) ||
    (!isAncestor(tree, other.name, snapshot.name) && other.createdAt > snapshot.createdAt)
  );
}
