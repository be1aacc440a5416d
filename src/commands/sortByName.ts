// virtRewind.sortByName: orders snapshots by their titles.
import type { CommandRun } from '../dialogue/commandServices.js';

export function sortByName(run: CommandRun): Promise<void> {
  return run.tree.setSort('name');
}
