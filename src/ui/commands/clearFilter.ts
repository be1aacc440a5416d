// virtRewind.clearFilter: shows all rows again.
import type { CommandRun } from './commandServices.js';

export function clearFilter(run: CommandRun): Promise<void> {
  return run.tree.setFilter('');
}
