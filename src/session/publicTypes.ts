// What the library and `--json` tell of VMs and snapshots, in names that stay. The types that importers see are made of
// these shapes.
import * as v from 'valibot';
import { snapshotKinds, snapshotStyles } from '../domain/snapshot.js';
import { describe, flag, maybe, text, type ValueOf, whole } from './answerShape.js';

const at = describe(text, 'ISO 8601, UTC.');

const VmState = v.picklist(['running', 'paused', 'off', 'shuttingDown', 'crashed', 'asleep', 'unknown']);

const VmInfo = v.object({
  name: text,
  uuid: describe(text, '36 characters, lower case.'),
  connection: describe(text, 'URI of its libvirt.'),
  state: VmState,
  snapshots: maybe(describe(whole, 'How many; absent where nobody has looked.')),
  protected: describe(flag, 'It may be reverted, deleted from and stopped only by who types its name.'),
});

const SnapshotInfo = v.object({
  name: describe(text, 'What libvirt knows it by.'),
  title: describe(text, 'What people read.'),
  description: text,
  parent: maybe(describe(text, 'Name of the snapshot before it; absent for the first.')),
  createdAt: at,
  kind: describe(
    v.picklist(snapshotKinds),
    '`memory`: disks and RAM; `disk`: the disks of a VM that ran; `offline`: taken while it was off.',
  ),
  style: v.picklist(snapshotStyles),
  current: describe(flag, 'The one that the present came from.'),
  favourite: describe(flag, 'The one that its owner goes back to most.'),
  kept: describe(flag, 'Nobody deletes it by a rule.'),
  keptUntil: maybe(describe(at, 'It is kept until then, and deleted afterwards; absent: no date was set.')),
  automatic: describe(flag, 'Taken by Virt Rewind itself, as before a revert.'),
  beingWritten: maybe(describe(v.literal(true), 'libvirt is still making it.')),
  bytes: maybe(describe(whole, 'What deleting it alone frees, as far as it is known; absent where it is not.')),
});

const OperationOutcome = v.object({
  snapshot: maybe(describe(text, 'The name of the snapshot that was made, reverted to or deleted.')),
  checkpoint: maybe(describe(text, 'The name of the snapshot that keeps what a revert left.')),
  state: VmState,
  durationMs: whole,
  guestPausedMs: maybe(
    describe(whole, 'How long the guest stood still, at least, as libvirt tells it; absent where that was too short.'),
  ),
  notSeamless: maybe(
    describe(text, 'What stood against a seamless snapshot, where one was to be had. One line, not translated.'),
  ),
  clockBehindMs: maybe(
    describe(
      whole,
      "How far the guest's clock is behind, about, after a revert with RAM; absent where its agent has set it.",
    ),
  ),
  left: maybe(describe(v.array(text), 'Files that should be gone and could not be removed.')),
});

const DiskInfo = v.object({
  target: describe(text, 'As the guest names it.'),
  format: text,
  bytes: maybe(describe(whole, 'Its size for the guest; absent where its image cannot be seen.')),
  file: maybe(text),
});

/** The problem in the answers of doctor and health. */
export const told = {
  kind: describe(text, 'Stable; the sentences are in the language of the process.'),
  severity: v.picklist(['error', 'warning', 'note']),
  what: text,
  means: text,
  todo: text,
};

const ProblemInfo = v.object({
  ...told,
  repairs: v.array(
    v.object({
      repair: describe(text, 'What `repair` takes.'),
      what: text,
      reason: maybe(describe(text, 'Why it cannot be done now; absent where it can.')),
      message: maybe(text),
    }),
  ),
});

const RecoveryOutcome = describe(
  v.picklist(['before', 'after', 'partly', 'explained', 'failed']),
  'How an interrupted operation ended: `before`, the VM is as before it; `partly`, what is done stays; `explained`, nothing was done; `failed`, it is tried again.',
);

const SystemPointInfo = v.object({
  title: text,
  createdAt: describe(text, 'ISO 8601, UTC: when the members stood still.'),
  spreadMs: maybe(
    describe(
      v.number(),
      'At most so many milliseconds lie between the moments of the members that ran; absent where fewer than two did.',
    ),
  ),
  undo: describe(flag, 'It keeps what the last revert left: `undo` goes back to it.'),
  members: v.array(
    v.object({
      name: text,
      snapshot: text,
      kind: v.picklist(snapshotKinds),
      seen: describe(
        v.picklist(['there', 'vmGone', 'snapshotGone', 'away', 'unread']),
        'Where not `there`, the system cannot be reverted to this point.',
      ),
    }),
  ),
});

const member = { name: text, uuid: text, connection: text };

const SystemInfo = describe(
  v.object({
    name: text,
    members: v.array(
      v.object({
        ...member,
        state: maybe(describe(VmState, 'Absent where there is no such VM, or it cannot be reached.')),
      }),
    ),
    points: describe(v.array(SystemPointInfo), 'The oldest first.'),
    standsAt: maybe(
      describe(
        text,
        'The title of the restore point that all members came from last; absent where they did not come from one.',
      ),
    ),
    interrupted: describe(flag, 'Something that was done to it broke off, and is not brought to its end.'),
  }),
  'Several VMs that are checkpointed and reverted as one.',
);

export const memberOutcomes = v.array(
  v.object({
    ...member,
    outcome: describe(
      v.picklist(['done', 'asBefore', 'notStarted', 'unclear']),
      '`done` with a failure: it runs, and does not count as up. `notStarted`: it is back, after a checkpoint kept, and does not go on. `unclear`: it stands half way, and a person has to look.',
    ),
    kind: maybe(
      describe(
        v.picklist(snapshotKinds),
        'Of what was kept of it, before a revert too. Programs on several VMs that ran are at one moment only with `memory`.',
      ),
    ),
    failure: maybe(describe(text, 'What its own part failed with: a kind, as of errors.')),
    clockBehindMs: maybe(
      describe(
        whole,
        'How far its clock is behind, about, after a revert with RAM; absent where its agent has set it.',
      ),
    ),
  }),
);

const SystemOutcome = v.object({
  point: describe(text, 'The title of the restore point that was made, gone back to or deleted.'),
  spreadMs: maybe(v.number()),
  durationMs: whole,
  guestsPausedMs: maybe(describe(whole, 'How long the members that ran stood still, at most.')),
  members: memberOutcomes,
});

const SystemPowerOutcome = describe(
  v.object({ durationMs: whole, members: memberOutcomes }),
  'Of a system that was started or shut down.',
);

const ProgramOutcome = v.object({
  exitCode: maybe(describe(whole, 'Absent where a signal ended the program.')),
  signal: maybe(whole),
  stdout: describe(text, 'Written by the guest: do not trust it.'),
  stderr: text,
  cut: describe(flag, 'One of them was longer than 1 MiB, and is cut there.'),
});

/** The VMs that a backup was made with. */
export const backupSet = v.object({
  id: text,
  vms: describe(whole, 'How many.'),
  moment: maybe(describe(text, 'ISO 8601, UTC; absent where they are not of one.')),
});

const BackupInfo = describe(
  v.object({
    id: text,
    vm: describe(text, 'The name that the VM had.'),
    uuid: text,
    madeAt: at,
    restorePoints: describe(whole, 'How many snapshots it has.'),
    bytes: describe(whole, 'What its files take when they are restored.'),
    addedBytes: maybe(
      describe(whole, 'What the repository did not have before it; absent in backups of older versions.'),
    ),
    kept: describe(flag, 'No rule deletes it.'),
    set: maybe(describe(backupSet, 'The VMs that it was made with.')),
    verified: maybe(
      describe(
        v.object({ how: v.picklist(['read', 'started', 'agent']), passed: flag, at }),
        'What its last check found: all data was read, its VM ran, or the guest agent of its VM answered.',
      ),
    ),
  }),
  'A VM with its snapshots, in a repository of restic.',
);

const ScheduleInfo = describe(
  v.object({
    name: text,
    system: maybe(describe(text, 'All VMs of this system are backed up as a set.')),
    vms: describe(
      v.array(text),
      'Names or UUIDs of the VMs, as they were given; of a system, those that it had when the schedule was added. None: all with snapshots that are kept until a date.',
    ),
    to: maybe(
      describe(
        text,
        'The repository, without a password in its address; absent: it takes snapshots, and deletes what has expired.',
      ),
    ),
    every: describe(text, '`hour`, `day`, `week`, or a calendar of systemd.'),
    by: describe(v.picklist(['systemd', 'cron', 'editor']), '`editor`: while one is open.'),
    keep: describe(v.record(text, whole), 'How many backups, or snapshots of it, stay, by period; empty: all.'),
    checkpoint: maybe(
      describe(
        v.object({
          kind: maybe(v.picklist(['memory', 'disk'])),
          quiesce: maybe(v.literal(true)),
          keep: maybe(whole),
        }),
        'Each backup of a running VM is of a new checkpoint; `keep`: how many of these stay. Without a repository: the snapshots that it takes.',
      ),
    ),
    installed: describe(flag, 'What starts it knows it.'),
    state: describe(v.picklist(['never', 'running', 'done', 'failed', 'interrupted']), 'Of the last run.'),
    nextAt: maybe(describe(text, 'ISO 8601, UTC; absent where its calendar cannot be read here.')),
    missedAt: maybe(describe(text, 'When a run should have started that did not.')),
    lastRun: maybe(
      v.object({
        startedAt: text,
        endedAt: maybe(text),
        exitCode: maybe(whole),
        messages: describe(v.array(text), 'Why it failed, a line for each VM.'),
        backups: describe(v.array(text), 'The IDs of the backups that it made.'),
        deleted: describe(whole, 'How many backups or snapshots were deleted, or went to the trash.'),
        snapshots: maybe(describe(whole, 'How many snapshots and restore points it took.')),
      }),
    ),
  }),
  'Backups or snapshots by the clock.',
);

/** By the names of their types. */
export const publicShapes = {
  VmState,
  VmInfo,
  SnapshotInfo,
  DiskInfo,
  OperationOutcome,
  ProblemInfo,
  RecoveryOutcome,
  SystemPointInfo,
  SystemInfo,
  SystemOutcome,
  SystemPowerOutcome,
  ProgramOutcome,
  BackupInfo,
  ScheduleInfo,
};

export type VmState = ValueOf<typeof VmState>;
export type VmInfo = ValueOf<typeof VmInfo>;
export type SnapshotInfo = ValueOf<typeof SnapshotInfo>;
export type DiskInfo = ValueOf<typeof DiskInfo>;
export type OperationOutcome = ValueOf<typeof OperationOutcome>;
export type ProblemInfo = ValueOf<typeof ProblemInfo>;
export type RecoveryOutcome = ValueOf<typeof RecoveryOutcome>;
export type SystemInfo = ValueOf<typeof SystemInfo>;
export type SystemPointInfo = ValueOf<typeof SystemPointInfo>;
export type SystemOutcome = ValueOf<typeof SystemOutcome>;
export type SystemPowerOutcome = ValueOf<typeof SystemPowerOutcome>;
export type ProgramOutcome = ValueOf<typeof ProgramOutcome>;
export type BackupInfo = ValueOf<typeof BackupInfo>;
export type ScheduleInfo = ValueOf<typeof ScheduleInfo>;
