// The marks of single snapshots, which a rule must be able to believe later. Each sort has files of its own: two
// programs that mark the same snapshot at once, each in its way, then never write the same file.
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import { autoReasons } from '../domain/description.js';
import type { AutoSnapshot } from '../domain/facts.js';
import type { FileSystem } from './durable.js';
import { count, parseAs } from './json.js';
import { type OneSnapshot, SnapshotRecords, type SnapshotRecordsOptions } from './snapshotRecords.js';

export interface TrashMark extends OneSnapshot {
  /** Milliseconds since 1970: nobody deletes it unasked before. */
  readonly until: number;
  /** Of a restore point of a system: it is deleted with those of the other VMs. */
  readonly whole?: true;
}

/** Its time in the trash was long over when somebody looked. */
export interface LateMark extends OneSnapshot {
  /** Milliseconds since 1970. */
  readonly seen: number;
}

export interface KeptMark extends OneSnapshot {
  /** Milliseconds since 1970: until then it is kept, and then it goes by itself. Absent: kept for good. */
  readonly until?: number;
}

type MarksOf<T extends OneSnapshot> = Pick<SnapshotRecords<T>, 'add' | 'of' | 'forget'>;

export interface Marks {
  /** Marks of snapshots that were taken automatically. */
  readonly auto: MarksOf<AutoSnapshot>;
  /** Marks of snapshots that a person wants to keep: no rule deletes them. `of` rejects where this cannot be known. */
  readonly kept: MarksOf<KeptMark> & Pick<SnapshotRecords<KeptMark>, 'vms'>;
  /** Marks of the snapshot that is used most for reverts of each VM. `of` rejects where it cannot be known. */
  readonly favourite: MarksOf<OneSnapshot>;
  /** Marks of snapshots that a person put into the trash. */
  readonly trash: MarksOf<TrashMark> & Pick<SnapshotRecords<TrashMark>, 'vms'>;
  readonly late: MarksOf<LateMark>;
}

const autoFields = v.object({
  why: v.picklist(autoReasons),
  target: v.exactOptional(v.string()),
  by: v.exactOptional(v.string()),
  // Whatever it says there, somebody wanted it to stay.
  stays: v.exactOptional(
    v.pipe(
      v.unknown(),
      v.transform(() => true as const),
    ),
  ),
});

const auto: SnapshotRecordsOptions<AutoSnapshot> = {
  subfolder: 'records',
  maxOfVm: 200,
  write: ({ why, target, by, stays }) => ({ why, target, by, stays }),
  parse: (one, fields) => {
    const read = parseAs(autoFields, fields);
    return read && { ...one, ...read };
  },
  inDoubt: 'none',
  doing: {
    add: 'recording a snapshot that we took',
    forget: 'forgetting a snapshot that we took',
    read: 'reading which snapshots we took',
  },
};

const keptFields = v.looseObject({ until: v.exactOptional(count) });

const kept: SnapshotRecordsOptions<KeptMark> = {
  subfolder: 'kept',
  // More than a VM has snapshots: a mark that was forgotten would be a snapshot deleted.
  maxOfVm: 10_000,
  write: ({ until }) => ({ until }),
  parse: (one, fields) => {
    const read = parseAs(keptFields, fields);
    return read && { ...one, ...(read.until !== undefined && { until: read.until }) };
  },
  // If it cannot be read, the snapshot counts as marked: no rule deletes it.
  inDoubt: 'fail',
  doing: {
    add: 'marking a snapshot to be kept',
    forget: 'taking the mark off a snapshot that was to be kept',
    read: 'reading which snapshots are to be kept',
  },
};

const favourite: SnapshotRecordsOptions<OneSnapshot> = {
  subfolder: 'favourite',
  // Another one takes its place.
  maxOfVm: 1,
  write: () => ({}),
  parse: (one) => one,
  inDoubt: 'fail',
  doing: {
    add: 'marking a snapshot as the favourite',
    forget: 'taking the mark off the favourite snapshot',
    read: 'reading which snapshot is the favourite',
  },
};

const trashFields = v.looseObject({ until: count, whole: v.exactOptional(v.literal(true)) });

const trash: SnapshotRecordsOptions<TrashMark> = {
  subfolder: 'trash',
  maxOfVm: 10_000,
  write: ({ until, whole }) => ({ until, whole }),
  parse: (one, fields) => {
    const read = parseAs(trashFields, fields);
    return read && { ...one, until: read.until, ...(read.whole && { whole: read.whole }) };
  },
  // If it cannot be read, the snapshot stays.
  inDoubt: 'none',
  doing: {
    add: 'putting a snapshot into the trash',
    forget: 'taking a snapshot out of the trash',
    read: 'reading what is in the trash',
  },
};

const late: SnapshotRecordsOptions<LateMark> = {
  subfolder: 'late',
  maxOfVm: 10_000,
  write: ({ seen }) => ({ seen }),
  parse: (one, fields) => {
    const read = parseAs(v.looseObject({ seen: count }), fields);
    return read && { ...one, seen: read.seen };
  },
  // Then it is seen once more, and stays a day longer.
  inDoubt: 'none',
  doing: trash.doing,
};

export function marksIn(folder: string, log: Log, fs?: FileSystem): Marks {
  return {
    auto: new SnapshotRecords(auto, folder, log, fs),
    kept: new SnapshotRecords(kept, folder, log, fs),
    favourite: new SnapshotRecords(favourite, folder, log, fs),
    trash: new SnapshotRecords(trash, folder, log, fs),
    late: new SnapshotRecords(late, folder, log, fs),
  };
}
