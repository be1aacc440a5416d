// What we did and a rule must be able to believe later: the snapshots that we took unasked. Refuses to know how it is
// kept.
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import { autoReasons } from '../domain/description.js';
import type { AutoSnapshot } from '../domain/facts.js';
import type { FileSystem } from './durable.js';
import { parseAs } from './json.js';
import { SnapshotRecords, type SnapshotRecordsOptions } from './snapshotRecords.js';

const shape = v.object({
  why: v.picklist(autoReasons),
  target: v.exactOptional(v.string()),
  // Whatever it says there, somebody wanted it to stay.
  stays: v.exactOptional(
    v.pipe(
      v.unknown(),
      v.transform(() => true as const),
    ),
  ),
});

const autoSnapshots: SnapshotRecordsOptions<AutoSnapshot> = {
  subfolder: 'records',
  maxOfVm: 200,
  write: ({ why, target, stays }) => ({ why, target, stays }),
  parse: (one, fields) => {
    const read = parseAs(shape, fields);
    return read && { ...one, ...read };
  },
  inDoubt: 'none',
  doing: {
    add: 'recording a snapshot that we took',
    forget: 'forgetting a snapshot that we took',
    read: 'reading which snapshots we took',
  },
};

export class Records extends SnapshotRecords<AutoSnapshot> {
  constructor(folder: string, log: Log, fs?: FileSystem) {
    super(autoSnapshots, folder, log, fs);
  }
}
