// Whether what a snapshot holds outside of images can still be read as it was: rules for whoever goes back to it, or
// makes something of it.
import {
  chainInUseRefusal,
  elsewhereRefusal,
  frozenAgainRefusal,
  writtenSinceRefusal,
} from '../domain/chains/frozenContent.js';
import { contentChangedRefusal } from '../domain/chains/frozenLayers.js';
import { frozenWriterRefusal } from '../domain/chains/frozenWriters.js';
import { manualMergeRefusal } from '../domain/chains/manualMerge.js';
import { brokenRefusal } from '../domain/chains/snapshotWhole.js';
import { unownedImageRefusal } from '../domain/chains/unownedImage.js';
import type { Facts } from '../domain/facts.js';
import type { RefusedDecision } from '../domain/refusal.js';
import type { Snapshot } from '../domain/snapshot.js';
import { frozenFileRefusal, unfinishedDeleteRefusal } from './refusals.js';

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
