// virtRewind.sortByName: orders snapshots by their titles.
import type { CommandRun } from './commandServices.js';

export function sortByName(run: CommandRun): Promise<void> {
  return run.tree.setSort('name');
}
