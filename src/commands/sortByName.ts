// virtRewind.sortByName: orders snapshots by their titles.
import { writeSetting } from '../manifest/readSettings.js';

export function sortByName(): Promise<void> {
  return writeSetting('treeSort', 'name');
}
