// virtRewind.showAsTree: each snapshot under its parent.
import type { CommandRun } from './commandServices.js';

export function showAsTree(run: CommandRun): Promise<void> {
  return run.tree.setLayout('tree');
}
