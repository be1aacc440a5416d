// Titles that are suggested or made without asking.
import { clockText, secondText } from './clockText.js';
import { freeTitle, type TakenTitle } from './snapshotName.js';

/** The branch and the time, which people tell snapshots apart by. A row tells its age beside it, if there is room. */
export function suggestTitle(git: string | undefined, existing: readonly TakenTitle[], now: Date): string {
  return freeTitle(`${branchOf(git) ?? 'snapshot'} ${clockText(now.getTime())}`, existing);
}

export function checkpointTitle(existing: readonly TakenTitle[], now: Date): string {
  return freeTitle(`checkpoint ${secondText(now.getTime())}`, existing);
}

/** Undefined where none was checked out, or none is known. A branch may have an @ in its name, a commit has none. */
export function branchOf(reference: string | undefined): string | undefined {
  const branch = reference?.replace(/@[^@]*$/u, '') ?? '';
  return branch === '' ? undefined : branch;
}
