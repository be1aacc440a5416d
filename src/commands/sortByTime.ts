// virtRewind.sortByTime: orders snapshots by when they were taken.
import { writeSetting } from '../manifest/readSettings.js';

export function sortByTime(): Promise<void> {
  return writeSetting('treeSort', 'time');
}
