// Which snapshots a person wants to keep: whatever deletes by rule leaves them alone. Refuses to know how it is kept.
import type { Log } from '../base/log.js';
import type { FileSystem } from './durable.js';
import { type OneSnapshot, SnapshotRecords, type SnapshotRecordsOptions } from './snapshotRecords.js';

const marks: SnapshotRecordsOptions<OneSnapshot> = {
  subfolder: 'kept',
  // More than a VM has snapshots: a mark that was forgotten would be a snapshot deleted.
  maxOfVm: 10_000,
  write: () => ({}),
  parse: (one) => one,
  // What is not known to be unmarked is not deleted by rule.
  inDoubt: 'fail',
  doing: {
    add: 'marking a snapshot to be kept',
    forget: 'taking the mark off a snapshot that was to be kept',
    read: 'reading which snapshots are to be kept',
  },
};

export class KeptMarks extends SnapshotRecords<OneSnapshot> {
  constructor(folder: string, log: Log, fs?: FileSystem) {
    super(marks, folder, log, fs);
  }
}
