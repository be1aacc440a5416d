// What can be wrong with snapshots, in the words of `problemText`, of which this is a part.
import { t } from '@vscode/l10n';
import { otherContentText, tagMissingText, putRamBack } from '../refusals/frozenRefusals.js';
import { cannotStartText, putBackText } from '../refusals/missingBase.js';
import { displayLine } from '../../domain/plainText.js';
import type { Bytes } from '../../domain/layers.js';
import { bytesText } from '../bytesText.js';
import { type ProblemSentences, quotedPath } from './problemSentence.js';
import { shortTime } from '../../domain/clockText.js';
import { wayTo } from '../ways.js';

export const snapshotProblems = {
  orphanTag: ({ tag, file }) => [
    t('“{0}” is inside {1}, but libvirt has no record of it.', displayLine(tag), quotedPath(file)),
    t(
      'A snapshot was interrupted during its creation, or was created with qemu-img. It uses space and blocks its name.',
    ),
    t('If it was not created on purpose, remove it with “qemu-img snapshot -d” while the VM is off.'),
  ],
  tagMissing: ({ snapshot, file, other = false }, { vm, title }) => [
    tagMissingText(title(snapshot), quotedPath(file), other),
    other
      ? otherContentText(title(snapshot))
      : t('Another tool removed it. A revert to it would stop the VM and then fail.'),
    t('Let libvirt forget the snapshot: {0}. Nothing else is lost.', wayTo('repair', vm)),
  ],
  tagWithoutRam: ({ snapshot }, { vm, title }) => [
    t('The RAM of {0} is missing. The images contain only its disks.', title(snapshot)),
    t('Its data was removed and created again with qemu-img. A revert would stop the VM and then fail.'),
    t(
      'Let libvirt forget the snapshot: {0}. Its disk data stays in the images: “qemu-img convert -l” reads it.',
      wayTo('repair', vm),
    ),
  ],
  nameIsTagId: ({ snapshot, file, other }, { title }) => [
    t('QEMU reads the name of {0} as the number of another snapshot inside {1}.', title(snapshot), quotedPath(file)),
    t('Any tool that reverts to it restores {0} instead. Virt Rewind does not revert to it.', title(other)),
    t('Delete one of the two, or copy the disk with “qemu-img convert -l snapshot.name=…”.'),
  ],
  tagTwice: ({ snapshot, file }, { title }) => [
    t('{1} contains two snapshots named {0}.', title(snapshot), quotedPath(file)),
    t('It is unpredictable which one would be reverted to or deleted, so Virt Rewind does neither.'),
    t(
      'Copy the data you need with “qemu-img convert -l snapshot.id=…”, then remove one snapshot with “qemu-img snapshot -d”.',
    ),
  ],
  memoryFileMissing: ({ snapshot, file }, { vm, title }) => [
    t('The RAM of {0} is missing: {1}.', title(snapshot), quotedPath(file)),
    t('Its disks exist, but the snapshot cannot be fully restored.'),
    putRamBack(vm),
  ],
  memoryFileBroken: ({ snapshot, file }, { vm, title }) => [
    t('The RAM of {0} is incomplete: {1}.', title(snapshot), quotedPath(file)),
    t('Its disks exist, but the snapshot cannot be fully restored.'),
    putRamBack(vm),
  ],
  overlayMissing: ({ snapshot, file }, { vm, title }) =>
    snapshot === undefined
      ? [
          t('A file that the disks of {0} are built on is missing: {1}.', vm, quotedPath(file)),
          cannotStartText(),
          putBackText(),
        ]
      : [
          t('A file that {0} needs is missing: {1}.', title(snapshot), quotedPath(file)),
          t('The snapshot cannot be restored without it.'),
          t('Restore the file from a backup, or let libvirt forget the snapshot: {0}', wayTo('repair', vm)),
        ],
  unfinishedDelete: ({ snapshot, disk }, { title }) => [
    t('A delete above {0} was interrupted while it merged disk {1}.', title(snapshot), displayLine(disk)),
    t(
      'The current state of the VM is intact. The data of the snapshot to be deleted may be partly mixed with later data.',
    ),
    t('Finish the delete. Until then, libvirt refuses to delete {0}.', title(snapshot)),
  ],
  noCurrent: (_, { vm }) => [
    t('{0} has no current snapshot.', vm),
    t('In this state, libvirt 9.9 and newer crash on a revert to an external snapshot.'),
    t('Make the snapshot current that the VM is built on, or create a new one.'),
  ],
  mixedStyles: (_, { vm }) => [
    t('{0} has internal and external snapshots.', vm),
    t('A revert to an internal snapshot can damage the external ones above it without an error.'),
    t('Delete the snapshots of one of the two styles first.'),
  ],
  mixedUndeletable: ({ snapshots }, { vm }) => [
    t('{0} has internal and external snapshots; {1} of them cannot be deleted here.', vm, snapshots.length),
    t('libvirt cannot handle this mix. Virt Rewind rejects operations that would cause damage.'),
    t(
      'First delete the snapshots of one style that can be deleted. Why each other cannot be deleted: {0}',
      wayTo('examine', vm),
    ),
  ],
  namesOtherOverlay: ({ file, snapshot, disk }, { vm, title }) => [
    t(
      'libvirt looks for “{0}” above the data that {1} has of disk {2}, but {3} uses another file there.',
      displayLine(file),
      title(snapshot),
      displayLine(disk),
      vm,
    ),
    t('The VM got another file at a revert. No data is lost, and you can revert to the snapshot.'),
    t('Delete it together with later snapshots, or when it is the current one.'),
  ],
  staleMetadata: ({ disk, snapshot }, { vm, title }) => [
    t('According to libvirt, disk {0} of {1} is built on {2}, but it is not.', displayLine(disk), vm, title(snapshot)),
    t('Files were merged without libvirt’s snapshots, or the VM got other files at a revert.'),
    t('libvirt cannot merge it, and may restore it incorrectly. Create a checkpoint before you revert to it.'),
  ],
  nvramNotHeld: ({ snapshot }, { vm, title }) => [
    t('{0} does not contain the UEFI variables.', title(snapshot)),
    t('After a revert, {0} keeps its current ones. Boot entries and Secure Boot keys may not match its disks.', vm),
    t('If the variables matter, copy their file manually. Newer snapshots created here contain them.'),
  ],
  inTrash: ({ snapshots, bytes, until }, { vm, now }) => [
    trashText(snapshots, bytes, vm),
    until > now
      ? t(
          'The oldest stays until {0}. After that it is deleted at the next operation on {1}, unless another snapshot needs it.',
          shortTime(until, now),
          vm,
        )
      : t('The oldest has expired. It is deleted at the next operation on {0}, unless another snapshot needs it.', vm),
    t('To free the space now: {0}', wayTo('emptyTrash', vm)),
  ],
  notQuiesced: ({ snapshot }, { title }) => [
    t('{0} was created from a running guest without freezing its file systems.', title(snapshot)),
    t('A revert to it is like a start after a power cut. It is unknown whether the guest was writing at that moment.'),
    t('Create quiesced snapshots if there is a guest agent, or snapshots with RAM.'),
  ],
} satisfies Partial<ProblemSentences>;

function trashText(count: number, bytes: Bytes, vm: string): string {
  if (bytes === 'unknown') {
    return count === 1
      ? t('1 snapshot of {0} is in the trash.', vm)
      : t('{0} snapshots of {1} are in the trash.', count, vm);
  }
  return count === 1
    ? t('1 snapshot of {0} is in the trash and uses {1}.', vm, bytesText(bytes))
    : t('{0} snapshots of {1} are in the trash and use {2}.', count, vm, bytesText(bytes));
}
