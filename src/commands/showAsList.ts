// virtRewind.showAsList: all snapshots of a VM side by side.
import { writeSetting } from '../manifest/readSettings.js';

export function showAsList(): Promise<void> {
  return writeSetting('treeLayout', 'list');
}
