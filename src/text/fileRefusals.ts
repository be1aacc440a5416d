// The refusals that are about files and what they hold, in the words of `refusalText`, of which they are a part.
import { t } from '@vscode/l10n';
import { bytesText } from './bytesText.js';
import { emptyFileText, putBackText } from './missingBase.js';
import { notSeamless } from './notSeamless.js';
import { folderReason } from './folderReason.js';
import { ramReason } from './ramReason.js';
import { deleteInternalFirst, type Sentences } from './refusalSentence.js';

export const fileRefusals: Pick<
  Sentences,
  | 'tagMissing'
  | 'tagWithoutRam'
  | 'nameIsTagId'
  | 'tagTwice'
  | 'tagIdsUnseen'
  | 'overlayMissing'
  | 'imageCorrupt'
  | 'imageImmutable'
  | 'mergedByHand'
  | 'unownedImage'
  | 'ramCannotBeSaved'
  | 'cannotLeaveOut'
  | 'noSpaceFor'
  | 'checkpointImpossible'
  | 'filesOutOfReach'
  | 'notSeamless'
  | 'memoryFileMissing'
  | 'memoryFileBroken'
  | 'ramOfOther'
  | 'memoryFileForeign'
  | 'deviceMayBeFull'
  | 'volumeTakesNoMerge'
  | 'unfinishedDelete'
  | 'overlayNeededByBranch'
  | 'revertRemovesFile'
  | 'overlayNamesCollide'
  | 'fileTaken'
  | 'unsafePath'
  | 'onUnknownOverlay'
  | 'usedByImage'
  | 'heldByProgram'
> = {
  tagMissing: ({ snapshot, disk, file }) => [
    t('The image of disk {1} does not hold {0} any more: “{2}”.', snapshot, disk, file),
    t('It cannot be brought back. Examine the VM and let it forget what has no data.'),
  ],
  tagWithoutRam: ({ snapshot }) => [
    t('The images hold the disks of {0}, and no RAM, although libvirt has noted that it has some.', snapshot),
    t('It cannot be brought back as it was. Examine the VM: it says what can be done.'),
  ],
  nameIsTagId: ({ snapshot, file, other }) => [
    t('QEMU would bring back “{1}” instead of {0}: that is the number {0} inside “{2}”.', snapshot, other, file),
    t('Delete “{0}” first if it is not needed; “qemu-img convert -l snapshot.name=…” copies each by its name.', other),
  ],
  tagTwice: ({ snapshot, file }) => [
    t('“{1}” holds two snapshots that are called {0}, and which of them QEMU takes is chance.', snapshot, file),
    t('Copy what is needed with “qemu-img convert -l snapshot.id=…”, then remove one with “qemu-img snapshot -d”.'),
  ],
  tagIdsUnseen: ({ snapshot, file }) => [
    t(
      'The name of {0} is a number, and QEMU takes a number for the place in its own list. That list cannot be seen from here: “{1}”.',
      snapshot,
      file,
    ),
    t('Revert to it on the host itself, where the list can be seen.'),
  ],
  overlayMissing: ({ snapshot, disk, file }) => [
    t('A file that {0} needs for disk {1} is gone: “{2}”.', snapshot, disk, file),
    t('Put the file back where it was. Without it, the snapshot cannot be brought back.'),
  ],
  imageCorrupt: ({ snapshot, disk, file, empty }) =>
    empty === 'yes'
      ? [emptyFileText(file), putBackText()]
      : [
          t('QEMU has marked an image of {0} as damaged, for disk {1}: “{2}”.', snapshot, disk, file),
          t('Look at it with “qemu-img check” while the VM is off.'),
        ],
  imageImmutable: ({ vm, file }) => [
    t('No program can write to “{1}” of {0}: it is marked as immutable, or its file system is read-only.', vm, file),
    t('Allow writing to it (“chattr -i”, or mount the file system for writing), then try again.'),
  ],
  mergedByHand: ({ snapshot, disk, file }) => [
    t(
      'Somebody merged images of disk {1} without libvirt’s snapshots, so “{2}” may hold something else than {0}.',
      snapshot,
      disk,
      file,
    ),
    t('Revert to a later snapshot, and forget this one when you know that its content is gone.'),
  ],
  ramCannotBeSaved: ({ vm, device, said = '', own }) => [
    ramReason(vm, device, said),
    own === 'internal' ? t('Shut the VM down first.') : t('Take a snapshot of its disks only, or shut it down first.'),
  ],
  cannotLeaveOut: ({ vm, disk, own, stays }) => [
    t('A snapshot of this kind takes all disks of {0}; {1} cannot be left out.', vm, disk),
    own === 'internal'
      ? deleteInternalFirst()
      : stays === 'yes'
        ? t('Take all disks.')
        : t('Take an external snapshot of its disks only, or take all disks.'),
  ],
  noSpaceFor: ({ vm, folder, bytes, free }) => [
    t(
      'For {0} up to {1} may be needed in “{2}”, and {3} are free there.',
      vm,
      bytesText(Number(bytes)),
      folder,
      bytesText(Number(free)),
    ),
    t('Make room there first. A snapshot of its disks only needs less, and so does a linked clone.'),
  ],
  checkpointImpossible: ({ vm, snapshot }) => [
    t('The present of {0} cannot be kept as a snapshot before it is reverted to {1}.', vm, snapshot),
    t('Revert without a checkpoint, if the present may be lost.'),
  ],
  memoryFileForeign: ({ vm, snapshot, file }) => [
    t(
      '{0} names “{1}” as its RAM, and that is no RAM of {2} as far as can be seen: it would be removed.',
      snapshot,
      file,
      vm,
    ),
    t('Look what the file is. Without it, Examine can keep the snapshot’s disks; then delete that snapshot.'),
  ],
  unownedImage: ({ snapshot, disk, file, image }) => [
    t(
      'libvirt’s notes name “{2}” for disk {1} of {0}, but “{3}” is built on that, and nobody names it: a snapshot below was forgotten by another program, and the notes with it.',
      snapshot,
      disk,
      file,
      image,
    ),
    t(
      'If {0} is what “{1}” holds, read it from there (qemu-img convert). If not, move that file to another folder.',
      snapshot,
      image,
    ),
  ],
  usedByImage: ({ image, file }) => [
    t('The image “{0}”, which no VM here names, is built on “{1}”: it would be spoilt.', image, file),
    t('Delete it if nobody needs it, or give it all that it rests on (qemu-img rebase or convert).'),
  ],
  heldByProgram: ({ file }) => [
    t('A program has “{0}” open as a disk: qemu-nbd, for one, or a VM that is not shown here.', file),
    t('End it (“fuser -v” names it), then try again.'),
  ],
  onUnknownOverlay: ({ vm, file }) => [
    t('{0} stands on “{1}”, which a snapshot made that was interrupted before libvirt knew of it.', vm, file),
    t('Nothing is lost: the file belongs to the VM from now on. Leave it where it is, or consolidate the VM.'),
  ],
  filesOutOfReach: ({ folder, why }) => [
    folderReason(folder, why),
    t('Give libvirt a storage pool for this folder, or work on that host itself, with qemu-img installed.'),
  ],
  notSeamless: ({ vm, why, said = '' }) => notSeamless(vm, why, said),
  memoryFileMissing: ({ snapshot, file }) => [
    t('The RAM of {0} is not where it was kept: “{1}”.', snapshot, file),
    putRamBack(),
  ],
  memoryFileBroken: ({ snapshot, file }) => [
    t('The file that was to hold the RAM of {0} is not whole: “{1}”.', snapshot, file),
    putRamBack(),
  ],
  ramOfOther: ({ vm, snapshot, name, uuid }) => [
    t(
      'The RAM of {1} is that of a VM “{2}” ({3}), and libvirt loads it into no other one than that; this is {0}.',
      vm,
      snapshot,
      name,
      uuid,
    ),
    name === vm
      ? t('Revert to its disks alone, with the VM off afterwards.')
      : t('Give the VM that name back while it is off, or revert to the disks alone, with the VM off afterwards.'),
  ],
  deviceMayBeFull: ({ snapshot, disk, file }) => [
    t(
      'Deleting {0} merges later data of disk {1} into “{2}”, and that device may be too small for it.',
      snapshot,
      disk,
      file,
    ),
    t('Make the device a little larger than the disk that the guest sees; then all of it fits.'),
  ],
  volumeTakesNoMerge: ({ snapshot, disk, file }) => [
    t('{0} names disk {1} as a volume of a pool, and libvirt merges nothing into such a disk.', snapshot, disk),
    t('Keep {0}, or go on with a copy of the disk: “{1}” stays as it was then.', snapshot, file),
  ],
  unfinishedDelete: ({ snapshot, disk }) => [
    t(
      'An earlier delete was interrupted while it merged disk {1}: what {0} holds is half mixed with later data.',
      snapshot,
      disk,
    ),
    t('Delete the snapshot after it again, so that the merge is finished.'),
  ],
  overlayNeededByBranch: ({ snapshot, by, version }) =>
    by === undefined
      ? [
          t('The VM itself stands on a file that libvirt {1} would remove with {0}.', snapshot, version),
          t('{0} has to stay as long as the VM stands on that file.', snapshot),
        ]
      : [
          t('{2} is built on a file that libvirt {1} would remove with {0}.', snapshot, version, by),
          t('Delete {0} first.', by),
        ],
  revertRemovesFile: ({ snapshot, by, file, version }) => [
    t('Reverting to {0} now, libvirt {1} would remove {2}, which {3} is built on.', snapshot, version, file, by),
    t('Take a snapshot of the present state first: libvirt then removes a file of that one instead.'),
  ],
  overlayNamesCollide: ({ snapshot, disk, other, version }) => [
    t(
      'Reverting to {0}, libvirt {3} would give disks {1} and {2} the same new file, fail, and leave the VM off.',
      snapshot,
      disk,
      other,
      version,
    ),
    t('The files of two disks have to differ in more than what follows the last dot of their names.'),
  ],
  fileTaken: ({ file }) => [
    t('The file {0} exists already, and it is not overwritten.', file),
    t('Choose another title, or move that file away.'),
  ],
  unsafePath: ({ disk, file }) => [
    t('The path of disk {0} holds a character that libvirt or QEMU breaks on: “{1}”.', disk, file),
    t('Rename the file while the VM is off.'),
  ],
};

function putRamBack(): string {
  return t('Put a whole copy of the file back. Without it, Examine can keep the snapshot’s disks.');
}
