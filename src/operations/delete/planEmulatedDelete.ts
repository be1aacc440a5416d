// Whether a leaf that the VM does not run on can be deleted by us where libvirt cannot: metadata first, then its files.
// planExternalDelete checks what else is built on them.
import { versionOf } from '../../domain/capabilities.js';
import { inReach } from '../../domain/chains/canRemove.js';
import { externalTargets, abandonedOverlays } from '../../domain/chains/deletedFiles.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import type { Facts } from '../../domain/facts.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { isOnActivePath } from '../../domain/snapshotTree.js';

/** libvirt before 9.9 looks for such a leaf's files in the VM's own chain and fails; before 9.0 it deletes none. */
export function needsUs(snapshot: Snapshot, { tree, capabilities }: Facts): boolean {
  return (
    !isOnActivePath(tree, snapshot.name) && (capabilities.libvirt < versionOf(9, 9) || !capabilities.externalDelete)
  );
}

/**
 * The files that go with the snapshot, or undefined where it cannot be known that these are all, or nothing can be
 * done in their folder.
 *
 * | what it froze of a disk             | folder      | → |
 * |-------------------------------------|-------------|---|
 * | an overlay                          | ours to use | goes |
 * | is not there any more               | any         | nothing is left to remove |
 * | an image that stands alone          | any         | not by us: it may be the VM's first disk, which is no snapshot's |
 * | is not known, or could not be seen  | any         | not by us |
 * | an overlay, and the one that the snapshot made on it can be neither seen nor removed | any | not by us: that one would rest on nothing |
 */
export function ownFiles(snapshot: Snapshot, facts: Facts): readonly string[] | undefined {
  const { files } = facts;
  const own: string[] = [];
  for (const target of externalTargets(snapshot)) {
    const file = backingFileOf(facts, snapshot.name, target);
    const image = file === undefined ? undefined : files?.images.get(file);
    if (file === undefined || image === undefined || image === 'unknown') {
      return undefined;
    }
    if (image === 'missing') {
      continue;
    }
    if (image.backing === undefined || !inReach(file, facts)) {
      return undefined;
    }
    own.push(file);
  }
  return abandonedOverlays([snapshot], { removed: new Set(own), changed: new Set() }, facts).every(
    (overlay) => own.includes(overlay) || maybeRemoved(overlay, facts),
  )
    ? own
    : undefined;
}

/** One that was not looked at counts as gone. */
function maybeRemoved(file: string, facts: Facts): boolean {
  const image = facts.files?.images.get(file) ?? 'missing';
  return image === 'missing' || (image !== 'unknown' && inReach(file, facts));
}
