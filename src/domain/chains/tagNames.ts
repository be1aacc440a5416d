// Whether a snapshot's name leads QEMU to its own tag. Of a name that it is to go back to, QEMU looks for a tag with
// that ID first, in each image by itself (`find_snapshot_by_id_or_name`, every version); what it deletes it looks for by
// name (since QEMU 4.0), and takes the first.
import type { Situation } from '../situation.js';
import { type Refused, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';
import { looksLikeTagId } from '../snapshotName.js';
import { takesPart } from './fileUse.js';

/**
 * Of the images of the VM, and of those that hold the snapshot:
 *
 * | tags in one of them                        | name        | → |
 * |--------------------------------------------|-------------|---|
 * | two of the name                            | any         | tagTwice |
 * | another one has the name as its ID         | any         | nameIsTagId |
 * | their IDs are not known                    | digits only | tagIdsUnseen |
 * | otherwise                                  | any         | ok |
 */
export function wrongTagObstacle(snapshot: Snapshot, situation: Situation): Refused | undefined {
  const { name, title } = snapshot;
  const twice = tagTwiceObstacle(snapshot, situation);
  if (twice !== undefined) {
    return twice;
  }
  for (const file of imagesOf(snapshot, situation)) {
    const facts = situation.files?.images.get(file);
    const { tags, tagIds } = typeof facts === 'object' ? facts : {};
    const other = tagIds === undefined ? undefined : tags?.find((tag, at) => tagIds[at] === name && tag !== name);
    if (other !== undefined) {
      return refuse('nameIsTagId', { snapshot: title, file, other });
    }
    const isRaw = typeof facts === 'object' && facts.format === 'raw';
    if (tagIds === undefined && situation.files !== undefined && !isRaw && looksLikeTagId(name)) {
      return refuse('tagIdsUnseen', { snapshot: title, file });
    }
  }
  return undefined;
}

/** Which of the two is the snapshot's nobody can tell. */
export function tagTwiceObstacle(snapshot: Snapshot, situation: Situation): Refused | undefined {
  const file = imagesOf(snapshot, situation).find((image) => {
    const facts = situation.files?.images.get(image);
    const same = typeof facts === 'object' ? facts.tags?.filter((tag) => tag === snapshot.name) : undefined;
    return (same?.length ?? 0) > 1;
  });
  return file === undefined ? undefined : refuse('tagTwice', { snapshot: snapshot.title, file });
}

function imagesOf(snapshot: Snapshot, { vm, frozenDisks }: Situation): readonly string[] {
  const disks = [...(frozenDisks?.get(snapshot.name) ?? []), ...vm.disks].filter(({ target }) =>
    takesPart(snapshot, target),
  );
  return [...new Set(disks.flatMap(({ source }) => source ?? []))];
}
