// What can be wrong with snapshots, in the words of `problemText`, of which this is a part.
import { t } from '@vscode/l10n';
import { cannotStartText, putBackText } from './missingBase.js';
import { displayLine } from '../domain/plainText.js';
import type { Bytes } from '../domain/layers.js';
import { bytesText } from './bytesText.js';
import { type ProblemSentences, quotedPath } from './problemSentence.js';
import { shortTime } from './relativeAge.js';

export const snapshotProblems = {
  orphanTag: ({ tag, file }) => [
    t('“{0}” is inside {1}, and libvirt does not know it.', displayLine(tag), quotedPath(file)),
    t('A snapshot was interrupted while it was taken, or was made with qemu-img. It takes space and blocks its name.'),
    t('Remove it if nobody made it on purpose: “qemu-img snapshot -d” does it while the VM is off.'),
  ],
  tagMissing: ({ snapshot, file }, { title }) => [
    t('The data of {0} is not in {1} any more.', title(snapshot), quotedPath(file)),
    t('Somebody removed it with another tool. Reverting to it would stop the VM and then fail.'),
    t('Let libvirt forget the snapshot; nothing else is lost by that.'),
  ],
  tagWithoutRam: ({ snapshot }, { title }) => [
    t('The RAM of {0} is gone; the images hold its disks alone.', title(snapshot)),
    t('Somebody removed its data and made it again with qemu-img. Reverting would stop the VM and then fail.'),
    t(
      'Let libvirt forget the snapshot. What it holds of the disks stays in the images: “qemu-img convert -l” reads it.',
    ),
  ],
  nameIsTagId: ({ snapshot, file, other }, { title }) => [
    t('QEMU takes the name of {0} for the number of another snapshot inside {1}.', title(snapshot), quotedPath(file)),
    t('Any tool that reverts to it brings back {0} instead. It is not reverted to from here.', title(other)),
    t('Delete the one or the other, or copy the disk with “qemu-img convert -l snapshot.name=…”.'),
  ],
  tagTwice: ({ snapshot, file }, { title }) => [
    t('{1} holds two snapshots that are called {0}.', title(snapshot), quotedPath(file)),
    t('Which of them is reverted to or deleted is chance, so neither is done from here.'),
    t('Copy what is needed with “qemu-img convert -l snapshot.id=…”, then remove one with “qemu-img snapshot -d”.'),
  ],
  memoryFileMissing: ({ snapshot, file }, { title }) => [
    t('The RAM of {0} is gone: {1}.', title(snapshot), quotedPath(file)),
    t('Its disks are there, but the snapshot cannot be brought back as it was.'),
    t('Put the file back where it was, keep the disks alone, or delete the snapshot.'),
  ],
  memoryFileBroken: ({ snapshot, file }, { title }) => [
    t('The RAM of {0} is not whole: {1}.', title(snapshot), quotedPath(file)),
    t('Its disks are there, but the snapshot cannot be brought back as it was.'),
    t('Put a whole copy of the file back, keep the disks alone, or delete the snapshot.'),
  ],
  overlayMissing: ({ snapshot, file }, { vm, title }) =>
    snapshot === undefined
      ? [
          t('A file that the disks of {0} are built on is gone: {1}.', vm, quotedPath(file)),
          cannotStartText(),
          putBackText(),
        ]
      : [
          t('A file that {0} needs is gone: {1}.', title(snapshot), quotedPath(file)),
          t('The snapshot cannot be brought back without it.'),
          t('Put the file back from a backup, or let libvirt forget the snapshot.'),
        ],
  unfinishedDelete: ({ snapshot, disk }, { title }) => [
    t('A delete above {0} was interrupted while disk {1} was merged.', title(snapshot), displayLine(disk)),
    t('The present of the VM is whole. The snapshot that was to go is half mixed with later data.'),
    t('Finish the delete; until then libvirt refuses to delete {0}.', title(snapshot)),
  ],
  noCurrent: (_, { vm }) => [
    t('None of the snapshots of {0} is the current one.', vm),
    t('libvirt 9.9 and newer crash on reverting to an external snapshot then.'),
    t('Make the snapshot current that the VM is built on, or take a new one.'),
  ],
  mixedStyles: (_, { vm }) => [
    t('{0} has internal and external snapshots.', vm),
    t('Reverting to an internal one can damage the external ones above it without an error.'),
    t('Delete the snapshots of one of the two styles; what would do damage is refused here.'),
  ],
  mixedUndeletable: ({ snapshots }, { vm }) => [
    t('{0} has internal and external snapshots, and {1} of them cannot be deleted here.', vm, snapshots.length),
    t('libvirt cannot handle a mix: what would do damage is refused.'),
    t('Delete what can be deleted of one style first; the doctor says for each what stands against it.'),
  ],
  namesOtherOverlay: ({ file, snapshot, disk }, { vm, title }) => [
    t(
      'libvirt looks for “{0}” above what {1} holds of disk {2}, and {3} stands on another file there.',
      displayLine(file),
      title(snapshot),
      displayLine(disk),
      vm,
    ),
    t('The VM got another file at a revert. Nothing is lost, and it can be reverted to.'),
    t('It can be deleted together with those after it, or when it is the current one.'),
  ],
  staleMetadata: ({ disk, snapshot }, { vm, title }) => [
    t('Disk {0} of {1} is not built on {2} as libvirt has it.', displayLine(disk), vm, title(snapshot)),
    t('Somebody merged files without libvirt’s snapshots, or the VM got other files at a revert.'),
    t('libvirt can neither merge it nor be trusted to bring it back as it was: revert to it only after a checkpoint.'),
  ],
  nvramNotHeld: ({ snapshot }, { vm, title }) => [
    t('{0} does not hold the UEFI variables.', title(snapshot)),
    t('After a revert {0} keeps those of today: boot entries and Secure Boot keys may not fit its disks.', vm),
    t('Copy the file with the variables yourself, if they matter; newer snapshots taken here hold them.'),
  ],
  inTrash: ({ snapshots, bytes, until }, { vm, now }) => [
    trashText(snapshots, bytes, vm),
    until > now
      ? t(
          'The oldest stays until {0}. Then it is deleted when somebody works on {1}, unless something stands on it.',
          shortTime(until, now),
          vm,
        )
      : t(
          'The time of the oldest is over: it is deleted when somebody works on {0}, unless something stands on it.',
          vm,
        ),
    t('Empty Trash… in the menu of the VM frees the space at once.'),
  ],
  notQuiesced: ({ snapshot }, { title }) => [
    t('{0} was taken of a running guest without freezing its file systems.', title(snapshot)),
    t('Reverting to it is like starting after a power cut. Whether the guest was writing just then is not known.'),
    t('Take quiesced snapshots where a guest agent is there, or snapshots with RAM.'),
  ],
} satisfies Partial<ProblemSentences>;

function trashText(count: number, bytes: Bytes, vm: string): string {
  if (bytes === 'unknown') {
    return count === 1
      ? t('1 snapshot of {0} is in the trash.', vm)
      : t('{0} snapshots of {1} are in the trash.', count, vm);
  }
  return count === 1
    ? t('1 snapshot of {0} is in the trash and takes {1}.', vm, bytesText(bytes))
    : t('{0} snapshots of {1} are in the trash and take {2}.', count, vm, bytesText(bytes));
}
