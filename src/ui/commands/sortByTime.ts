// virtRewind.sortByTime: orders snapshots by when they were taken.
import type { CommandRun } from './commandServices.js';

export function sortByTime(run: CommandRun): Promise<void> {
  return run.tree.setSort('time');
}
