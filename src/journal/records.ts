// What we did and a rule must be able to believe later: the snapshots that we took unasked. Refuses to know how it is
// kept.
import type { Log } from '../base/log.js';
import type { AutoReason } from '../domain/description.js';
import type { AutoSnapshot } from '../domain/facts.js';
import type { FileSystem } from './durable.js';
import { SnapshotRecords, type SnapshotRecordsOptions } from './snapshotRecords.js';

const reasons: Readonly<Record<AutoReason, true>> = { revert: true, layout: true };

const autoSnapshots: SnapshotRecordsOptions<AutoSnapshot> = {
  subfolder: 'records',
  maxOfVm: 200,
  write: ({ why, target, stays }) => ({ why, target, stays }),
  parse: (one, { why, target, stays }) =>
    isReason(why) && (target === undefined || typeof target === 'string')
      ? // Whatever it says there, somebody wanted it to stay.
        { ...one, why, ...(target === undefined ? {} : { target }), ...(stays === undefined ? {} : { stays: true }) }
      : undefined,
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

function isReason(value: unknown): value is AutoReason {
  return typeof value === 'string' && Object.hasOwn(reasons, value);
}
