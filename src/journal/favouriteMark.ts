// Which snapshot of a VM a person goes back to most: one for each VM, or none. Refuses to know how it is kept.
import type { Log } from '../base/log.js';
import type { FileSystem } from './durable.js';
import { type OneSnapshot, SnapshotRecords, type SnapshotRecordsOptions } from './snapshotRecords.js';

const favourite: SnapshotRecordsOptions<OneSnapshot> = {
  subfolder: 'favourite',
  // Another one takes its place.
  maxOfVm: 1,
  write: () => ({}),
  parse: (one) => one,
  // What is not known to be no favourite is not deleted by rule.
  inDoubt: 'fail',
  doing: {
    add: 'marking a snapshot as the favourite',
    forget: 'taking the mark off the favourite snapshot',
    read: 'reading which snapshot is the favourite',
  },
};

export class FavouriteMark extends SnapshotRecords<OneSnapshot> {
  constructor(folder: string, log: Log, fs?: FileSystem) {
    super(favourite, folder, log, fs);
  }
}
