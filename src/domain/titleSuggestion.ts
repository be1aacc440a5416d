// Titles that are suggested or made without asking. Knows nothing of the editor.
import type { Snapshot } from './snapshot.js';
import { clockText, dateText, fullTime } from './clockText.js';
import { branchOf } from './gitReference.js';
import { freeTitle } from './snapshotName.js';

/** The branch that is worked on and the time, which are what people tell snapshots apart by. */
export function suggestTitle(
  git: string | undefined,
  existing: readonly Pick<Snapshot, 'name' | 'title'>[],
  now: Date,
): string {
  return freeTitle(`${branchOf(git) ?? 'snapshot'} ${dateText(now.getTime())} ${clockText(now.getTime())}`, existing);
}

export function checkpointTitle(existing: readonly Pick<Snapshot, 'name' | 'title'>[], now: Date): string {
  return freeTitle(`checkpoint ${fullTime(now.getTime())}`, existing);
}
