// Which snapshots are in the trash, and how long they stay there. Refuses to know what becomes of them.
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { FileSystem } from './durable.js';
import { count, parseAs } from './json.js';
import { type OneSnapshot, SnapshotRecords, type SnapshotRecordsOptions } from './snapshotRecords.js';

export interface TrashMark extends OneSnapshot {
  /** Milliseconds since 1970: nobody deletes it unasked before. */
  readonly until: number;
}

const fields = v.looseObject({ until: count });

const trash: SnapshotRecordsOptions<TrashMark> = {
  subfolder: 'trash',
  maxOfVm: 10_000,
  write: ({ until }) => ({ until }),
  parse: (one, more) => {
    const found = parseAs(fields, more);
    return found && { ...one, until: found.until };
  },
  // What is not known to be in the trash stays.
  inDoubt: 'none',
  doing: {
    add: 'putting a snapshot into the trash',
    forget: 'taking a snapshot out of the trash',
    read: 'reading what is in the trash',
  },
};

export class TrashMarks extends SnapshotRecords<TrashMark> {
  constructor(folder: string, log: Log, fs?: FileSystem) {
    super(trash, folder, log, fs);
  }
}
