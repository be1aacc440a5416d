// Whether a snapshot's name leads QEMU to its own tag. For a revert, QEMU looks for a tag whose ID is the name first,
// in each image by itself (`find_snapshot_by_id_or_name`, every version); what it deletes it looks for by name (since
// QEMU 4.0), and takes the first.
import type { Facts } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';
import { looksLikeTagId } from '../snapshotName.js';
import { takesPart } from './fileUse.js';

/**
 * Checks the tags in the VM's images and in those that hold the snapshot:
 *
 * | tags in one of them                        | name        | → |
 * |--------------------------------------------|-------------|---|
 * | two of the name                            | any         | tagTwice |
 * | another one has the name as its ID         | any         | nameIsTagId |
 * | their IDs are not known                    | digits only | tagIdsUnseen |
 * | otherwise                                  | any         | ok |
 */
export function wrongTagRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { name, title } = snapshot;
  const twice = tagTwiceRefusal(snapshot, facts);
  if (twice !== undefined) {
    return twice;
  }
  for (const file of imagesOf(snapshot, facts)) {
    const image = facts.files?.images.get(file);
    const { tags, tagIds } = typeof image === 'object' ? image : {};
    const other = tagIds === undefined ? undefined : tags?.find((tag, at) => tagIds[at] === name && tag !== name);
    if (other !== undefined) {
      return refuse('nameIsTagId', { snapshot: title, file, other });
    }
    const isRaw = typeof image === 'object' && image.format === 'raw';
    if (tagIds === undefined && facts.files !== undefined && !isRaw && looksLikeTagId(name)) {
      return refuse('tagIdsUnseen', { snapshot: title, file });
    }
  }
  return undefined;
}

/** Which of the two is the snapshot's nobody can tell. */
export function tagTwiceRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const file = imagesOf(snapshot, facts).find((image) => {
    const found = facts.files?.images.get(image);
    const same = typeof found === 'object' ? found.tags?.filter((tag) => tag === snapshot.name) : undefined;
    return (same?.length ?? 0) > 1;
  });
  return file === undefined ? undefined : refuse('tagTwice', { snapshot: snapshot.title, file });
}

function imagesOf(snapshot: Snapshot, { vm, frozenDisks }: Facts): readonly string[] {
  const disks = [...(frozenDisks?.get(snapshot.name) ?? []), ...vm.disks].filter(({ target }) =>
    takesPart(snapshot, target),
  );
  return [...new Set(disks.flatMap(({ source }) => source ?? []))];
}
