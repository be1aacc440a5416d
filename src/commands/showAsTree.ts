// virtRewind.showAsTree: each snapshot under its parent.
import { writeSetting } from '../manifest/readSettings.js';

export function showAsTree(): Promise<void> {
  return writeSetting('treeLayout', 'tree');
}
