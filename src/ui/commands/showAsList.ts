// virtRewind.showAsList: all snapshots of a VM side by side.
import type { CommandRun } from './commandServices.js';

export function showAsList(run: CommandRun): Promise<void> {
  return run.tree.setLayout('list');
}
