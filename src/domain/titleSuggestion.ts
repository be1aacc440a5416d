// Titles that are suggested or made without asking.
import { clockText, secondText } from './clockText.js';
import { branchOf } from './gitReference.js';
import { freeTitle, type TakenTitle } from './snapshotName.js';

/** The branch and the time, which people tell snapshots apart by. A row tells its age beside it, if there is room. */
export function suggestTitle(git: string | undefined, existing: readonly TakenTitle[], now: Date): string {
  return freeTitle(`${branchOf(git) ?? 'snapshot'} ${clockText(now.getTime())}`, existing);
}

export function checkpointTitle(existing: readonly TakenTitle[], now: Date): string {
  return freeTitle(`checkpoint ${secondText(now.getTime())}`, existing);
}
