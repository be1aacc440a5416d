// Whether a delete takes the snapshot alone, so that it may be done unasked. Pure.
import { deletedFiles, externalTargets } from '../../domain/chains/deletedFiles.js';
import { filesWithUnknownTags } from '../../domain/chains/doomedTags.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { stateCopies } from '../../domain/chains/stateCopies.js';
import type { AutoReason } from '../../domain/description.js';
import type { Facts } from '../../domain/facts.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import type { PlannedWork } from '../plan.js';
import { unaskedConnections } from './planOperation.js';

/**
 * Nothing but the snapshot itself may be lost by it.
 *
 * | file that goes                                     | checkpoint | leaf of the layout         |
 * |----------------------------------------------------|------------|----------------------------|
 * | what it froze of a disk                            | yes        | only when known to be empty |
 * | its RAM, its copy of the UEFI variables            | yes        | yes                        |
 * | the overlay made over it: what came after it       | no         | no                         |
 * | any other                                          | no         | no                         |
 *
 * Where something could not be seen, nothing goes unasked: whether a file that goes holds a snapshot inside, or is read
 * by another VM; and no file goes of which nobody knows what it is.
 *
 * A plan names no file as lost that is known to be empty, but what a snapshot froze.
 */
export function losesNothingBut(
  name: string,
  why: AutoReason = 'revert',
): (plan: PlannedWork, facts: Facts) => boolean {
  return ({ request, deletes, removes = [], steps }, facts) => {
    const snapshot = findSnapshot(facts.tree, name);
    const { removed, mergedAway } = deletedFiles(snapshot === undefined ? [] : [snapshot], facts);
    const going = steps.flatMap((step) => (step.kind === 'removeFiles' ? step.files : []));
    if (
      filesWithUnknownTags([...removed, ...mergedAway], facts).length > 0 ||
      unaskedConnections(request, facts).length > 0 ||
      !going.every((file) => isSeen(file, facts))
    ) {
      return false;
    }
    const frozen = (snapshot === undefined ? [] : externalTargets(snapshot)).map((target) =>
      backingFileOf(facts, name, target),
    );
    const beside = [snapshot?.memory.file, ...stateCopies(facts.vm, snapshot ?? { name })];
    if (why === 'layout' && !frozen.every((file) => isEmpty(file, facts))) {
      return false;
    }
    return (
      deletes?.every((one) => one === name) === true &&
      removes.every((file) => frozen.includes(file) || beside.includes(file))
    );
  };
}

function isSeen(file: string, { files }: Facts): boolean {
  return [files?.images.get(file), files?.files.get(file)].some((seen) => seen !== undefined && seen !== 'unknown');
}

/** For certain: of a file that was not looked at nobody knows. */
function isEmpty(file: string | undefined, { files }: Facts): boolean {
  const facts = files?.images.get(file ?? '');
  return typeof facts === 'object' && facts.backing !== undefined && facts.empty === true;
}
