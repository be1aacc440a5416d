// Whether the disks of a VM can be read now, and are what they were: one answer for clones, forks, backups, exports,
// replicas, readers of their files, and the doctor.
import { frozenAgainRefusal } from '../domain/chains/frozenAgain.js';
import { chainInUseRefusal, elsewhereRefusal, writtenSinceRefusal } from '../domain/chains/frozenContent.js';
import { contentChangedRefusal } from '../domain/chains/frozenLayers.js';
import { frozenWriterRefusal, otherWriterOf } from '../domain/chains/frozenWriters.js';
import { manualMergeRefusal } from '../domain/chains/manualMerge.js';
import { brokenRefusal } from '../domain/chains/snapshotWhole.js';
import { unownedImageRefusal } from '../domain/chains/unownedImage.js';
import type { Facts } from '../domain/facts.js';
import { type Refusal, type RefusedDecision, refuse } from '../domain/refusal.js';
import type { Snapshot } from '../domain/snapshot.js';
import { frozenFileRefusal, inUseRefusal, unfinishedDeleteRefusal } from './refusals.js';

/** What can be read of all disks and snapshots of a VM. */
export interface Readable {
  /** Why none of its files holds still now. */
  readonly refusal?: Refusal;
  /** Names of snapshots that hold something else than when they were created. */
  readonly altered: readonly string[];
}

export function readableNow(facts: Facts): Readable {
  const { snapshots } = facts.tree;
  const refused =
    presentInUseRefusal(facts) ??
    snapshots.map((snapshot) => frozenWriterRefusal(snapshot, facts, 'now')).find((one) => one !== undefined);
  const isAltered = (snapshot: Snapshot): boolean =>
    (snapshot.style === 'internal' ? brokenRefusal : unreadableContentRefusal)(snapshot, facts) !== undefined;
  return {
    ...(refused && { refusal: refused.refusal }),
    altered: snapshots.filter(isAltered).map(({ name }) => name),
  };
}

/** Refuses if the disks of the VM are in use: by another program while it is off, or by a job while it is on. */
export function presentInUseRefusal(facts: Facts): RefusedDecision | undefined {
  const found = otherWriterOf(facts);
  const { name: vm } = facts.vm;
  return (
    inUseRefusal(facts) ??
    (found && refuse('writtenByOther', { vm, disk: found.target, file: found.file, other: found.writer }))
  );
}

/** Refuses a revert or a copy whose snapshot has content outside of images that cannot be read. */
export function unreadableContentRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  return (
    unfinishedDeleteRefusal(snapshot, facts) ??
    frozenFileRefusal(snapshot, facts) ??
    chainInUseRefusal(snapshot, facts) ??
    manualMergeRefusal(snapshot, facts) ??
    brokenRefusal(snapshot, facts) ??
    elsewhereRefusal(snapshot, facts) ??
    unownedImageRefusal(snapshot, facts) ??
    frozenAgainRefusal(snapshot, facts) ??
    writtenSinceRefusal(snapshot, facts) ??
    contentChangedRefusal(snapshot, facts) ??
    frozenWriterRefusal(snapshot, facts)
  );
}
