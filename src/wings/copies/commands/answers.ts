// What the commands of backups answer with --json: see cli/answers.ts.
import * as v from 'valibot';
import { type AnswersOf, describe, flag, maybe, text, whole } from '../../../session/answerShape.js';
import type { Wing } from '../../wing.js';
import { backupSet, publicShapes } from '../../../session/publicTypes.js';

const { BackupInfo, ScheduleInfo } = publicShapes;

const madeBackup = v.object({
  kept: describe(flag, 'No rule deletes it.'),
  id: describe(text, 'Eight hexadecimal digits.'),
  vm: text,
  uuid: text,
  madeAt: describe(text, 'ISO 8601.'),
  restorePoints: describe(whole, 'Snapshots.'),
  bytes: describe(whole, 'What its files take when they are restored.'),
  addedBytes: describe(whole, 'What the repository did not have yet.'),
  currentState: describe(flag, 'Whether the current state of the VM is in it.'),
  leftOut: v.array(v.picklist(['media', 'savedState', 'tpm', 'passwords'])),
  altered: describe(v.array(text), 'Titles of snapshots whose files changed after they were created.'),
  set: maybe(backupSet),
  felt: describe(
    v.object({ writes: maybe(v.number()), reads: maybe(v.number()) }),
    'How many times as long as in pauses of the copy guests waited for their disks; absent: hardly used, or not known.',
  ),
});
const failedVms = v.array(v.object({ vm: text, message: text }));
const plainCopy = v.object({
  vm: text,
  uuid: text,
  folder: text,
  restorePoints: describe(whole, 'Snapshots.'),
  bytes: describe(whole, 'What its files take when they are restored.'),
  sentBytes: describe(whole, 'What the folder did not have yet.'),
  currentState: describe(flag, 'Whether the current state of the VM is in it.'),
  leftOut: v.array(v.picklist(['media', 'savedState', 'tpm', 'passwords'])),
  altered: describe(v.array(text), 'Titles of snapshots whose files changed after they were created.'),
  stays: describe(v.array(text), 'Paths in the folder that it does not need and that were not removed.'),
});
const verifiedHow = describe(
  v.picklist(['read', 'started', 'agent']),
  'All of its data was read; its VM ran for a while; the guest agent of its VM answered.',
);
const restoredParts = describe(v.array(text), "Elements of libvirt's configuration, with what tells of each.");
const secretsNeeded = describe(
  v.array(
    v.object({ disk: text, name: describe(text, 'UUID or usage of the secret of libvirt that opens the disk.') }),
  ),
  'Of encrypted disks: no backup has their keys.',
);
const restoredVm = v.object({
  name: text,
  uuid: text,
  connection: text,
  folder: text,
  restorePoints: describe(whole, 'Snapshots.'),
  currentState: describe(flag, '`false`: its disks are as in its current snapshot.'),
  withoutRam: describe(whole, 'Snapshots that lost their RAM.'),
  inHistory: describe(flag, '`false`: the state folder cannot be written.'),
  tpm: maybe(describe(v.picklist(['restored', 'notRestored']), 'State of the TPM, of a VM that has one.')),
  leftOut: maybe(restoredParts),
  ofHost: maybe(restoredParts),
  ramInDoubt: maybe(describe(v.array(text), 'Snapshots whose RAM may not load without what is left out.')),
  secrets: maybe(secretsNeeded),
  snapshot: maybe(describe(text, 'Title of the only one that was restored.')),
  notHeld: maybe(
    describe(v.array(text), 'Disks, or `TPM`, that this snapshot does not hold: they are as in the backup.'),
  ),
  replica: maybe(
    v.object({
      of: describe(text, 'The host of the original.'),
      madeAt: describe(text, 'ISO 8601; what came later is not here.'),
      original: maybe(
        describe(
          text,
          'With --original. `same`: off, with the same configuration, disks and snapshots; `sameButTpm`: with a TPM that is not here; `gone`: not there; else the kind of failure why it could not be asked.',
        ),
      ),
    }),
  ),
});
export const copiesAnswers = {
  backup: v.object({ command: v.literal('backup'), backup: madeBackup }),
  backupSet: v.object({
    command: v.literal('backup'),
    set: backupSet,
    backups: v.array(madeBackup),
    failed: failedVms,
  }),
  backups: v.object({
    command: v.literal('backups'),
    backups: v.array(BackupInfo),
    repositoryBytes: describe(whole, 'What all of them take in the repository.'),
    connections: maybe(
      describe(
        v.object({
          next: describe(whole, 'How many the next backup has.'),
          measured: v.array(v.object({ connections: whole, bytesPerSecond: whole, at: describe(text, 'ISO 8601.') })),
        }),
        'To a repository elsewhere, as far as backups measured.',
      ),
    ),
  }),
  backupsPlan: v.object({
    command: v.literal('backups'),
    prunePlan: v.object({ going: v.array(BackupInfo), stays: v.array(BackupInfo) }),
  }),
  backupsPruned: v.object({
    command: v.literal('backups'),
    pruned: v.object({ deleted: v.array(BackupInfo), stays: v.array(BackupInfo) }),
  }),
  backupMarked: v.object({ command: v.literal('backups'), marked: v.object({ id: text, kept: flag }) }),
  export: v.object({ command: v.literal('export'), export: plainCopy }),
  replicate: v.object({ command: v.literal('replicate'), replica: plainCopy }),
  backupsChecked: v.object({
    command: v.literal('backups'),
    checked: v.array(
      v.object({
        id: text,
        vm: text,
        how: verifiedHow,
        passed: flag,
        message: maybe(describe(text, 'Why it did not pass.')),
      }),
    ),
    failed: failedVms,
  }),
  restorePlan: v.object({
    command: v.literal('restore'),
    restorePlan: v.object({
      name: text,
      connection: text,
      folder: text,
      leftOut: restoredParts,
      ofHost: restoredParts,
      ramInDoubt: v.array(text),
      secrets: secretsNeeded,
      devices: describe(
        v.array(
          v.object({
            disk: text,
            device: text,
            resolved: describe(text, 'The device without links.'),
            deviceBytes: whole,
            bytes: describe(whole, 'What is written to it.'),
            holds: maybe(describe(v.array(text), 'What blkid finds on it.')),
          }),
        ),
        'Block devices that it would write to.',
      ),
    }),
  }),
  restored: v.object({ command: v.literal('restore'), restored: restoredVm }),
  restoredSet: v.object({
    command: v.literal('restore'),
    restoredSet: v.object({
      set: backupSet,
      connection: text,
      missing: describe(whole, 'VMs of the set that have no backup in the repository.'),
      restored: v.array(restoredVm),
      there: describe(v.array(text), 'Restored by an earlier run.'),
      failed: failedVms,
    }),
  }),
  schedules: v.object({
    command: v.literal('schedule'),
    schedules: describe(v.array(ScheduleInfo), 'All, or the one that was added or run.'),
  }),
  scheduleRemoved: v.object({ command: v.literal('schedule'), removed: text }),
} satisfies Wing['answers'];

export type CopiesAnswers = AnswersOf<typeof copiesAnswers>;
