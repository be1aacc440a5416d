// Titles that are suggested or made without asking. Knows nothing of the editor.
import type { Snapshot } from './snapshot.js';
import { branchOf } from './gitReference.js';
import { freeTitle } from './snapshotName.js';

/** The branch that is worked on and the time, which are what people tell snapshots apart by. */
export function suggestTitle(
  git: string | undefined,
  existing: readonly Pick<Snapshot, 'name' | 'title'>[],
  now: Date,
): string {
  return freeTitle(`${branchOf(git) ?? 'snapshot'} ${clockText(now, 'minutes')}`, existing);
}

export function checkpointTitle(existing: readonly Pick<Snapshot, 'name' | 'title'>[], now: Date): string {
  return freeTitle(`checkpoint ${clockText(now, 'seconds')}`, existing);
}

/** Local time, sortable: `2026-11-20 14:05`. */
function clockText(at: Date, to: 'minutes' | 'seconds'): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return `${date} ${time}${to === 'seconds' ? `:${two(at.getSeconds())}` : ''}`;
}
