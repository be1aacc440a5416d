// The refusals that are about files and what they hold, in the words of `refusalText`, of which they are a part.
import { t } from '@vscode/l10n';
import { tagMissingText, putRamBack } from './frozenRefusals.js';
import { inQuotes } from '../quotes.js';
import { bytesText } from '../bytesText.js';
import { endHostUseText, usedByHostText } from './hostUseText.js';
import { brokenImageText } from './missingBase.js';
import { notSeamless, ramReason } from './ramRefusals.js';
import { folderReason } from './folderReason.js';
import { deleteInternalFirst, type Sentences } from './refusalSentence.js';
import { wayTo } from '../ways.js';

export const fileRefusals: Pick<
  Sentences,
  | 'tagMissing'
  | 'tagWithoutRam'
  | 'startFileMissing'
  | 'nameIsTagId'
  | 'tagTwice'
  | 'tagIdsUnseen'
  | 'overlayMissing'
  | 'imageCorrupt'
  | 'imageImmutable'
  | 'mergedByHand'
  | 'unownedImage'
  | 'ramCannotBeSaved'
  | 'ramNotLoadable'
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
  | 'folderTooFull'
  | 'heldByProgram'
  | 'usedByHost'
  | 'variablesShared'
> = {
  tagMissing: ({ vm, snapshot, file, other }) => [
    tagMissingText(snapshot, inQuotes(file), other === 'yes'),
    t('Let libvirt forget the snapshot: {0}. Nothing else is lost.', wayTo('repair', vm)),
  ],
  tagWithoutRam: ({ vm, snapshot }) => [
    t('The RAM of {0} is missing. The images contain only its disks.', snapshot),
    t(
      'Let libvirt forget the snapshot: {0}. Its disk data stays in the images: “qemu-img convert -l” reads it.',
      wayTo('repair', vm),
    ),
  ],
  startFileMissing: ({ vm, snapshot, name, file, said, ram }) =>
    ram === 'yes'
      ? [
          t('The RAM of {0} needs a QEMU that is not installed: {1}', snapshot, inQuotes(file)),
          t('Install that QEMU again, at the path that it had, or revert to the state off.'),
        ]
      : [
          said === undefined
            ? t('The VM of {0} cannot start: {1} is missing.', snapshot, inQuotes(file))
            : t('The VM of {0} cannot start with {1}. libvirt: {2}', snapshot, inQuotes(file), said),
          t('Install it again, or enter another in the snapshot: {0}', `virsh snapshot-edit ${vm} ${name}`),
        ],
  nameIsTagId: ({ snapshot, file, other }) => [
    t('QEMU would restore “{1}” instead of {0}, because “{1}” has the number {0} inside “{2}”.', snapshot, other, file),
    t(
      'If you do not need “{0}”, delete it first. “qemu-img convert -l snapshot.name=…” copies each snapshot by its name.',
      other,
    ),
  ],
  tagTwice: ({ snapshot, file }) => [
    t('{1} contains two snapshots named {0}.', snapshot, inQuotes(file)),
    t(
      'Copy the data you need with “qemu-img convert -l snapshot.id=…”, then remove one snapshot with “qemu-img snapshot -d”.',
    ),
  ],
  tagIdsUnseen: ({ snapshot, file }) => [
    t(
      'The name of {0} is a number. QEMU would use it as a position in its own list, which cannot be seen from here: “{1}”.',
      snapshot,
      file,
    ),
    t('Revert on the host itself, where the list is visible.'),
  ],
  overlayMissing: ({ vm, snapshot, file }) => [
    t('A file that {0} needs is missing: {1}.', snapshot, inQuotes(file)),
    t('Restore the file from a backup, or let libvirt forget the snapshot: {0}', wayTo('repair', vm)),
  ],
  imageCorrupt: ({ file, empty }) => brokenImageText(file, empty),
  imageImmutable: ({ vm, file }) => [
    t(
      'No program can write to “{1}” of {0}: the file is marked as immutable, or its file system is read-only.',
      vm,
      file,
    ),
    t('Allow writes (“chattr -i”, or mount the file system as writable), then try again.'),
  ],
  mergedByHand: ({ vm, snapshot, disk, file }) => [
    t(
      'Images of disk {1} were merged without libvirt’s snapshots, so “{2}” may not contain {0} any more.',
      snapshot,
      disk,
      file,
    ),
    t(
      'Revert to a later snapshot. Let libvirt forget this one only if you know that its content is lost: {0}',
      wayTo('repair', vm),
    ),
  ],
  ramCannotBeSaved: ({ vm, device, said = '', own }) => [
    ramReason(vm, device, said),
    own === 'internal' ? t('Shut down the VM first.') : t('Create a disk-only snapshot, or shut down the VM first.'),
  ],
  ramNotLoadable: ({ vm, snapshot, own }) => [
    t('{0} has pluggable processors. libvirt before 10.9 cannot load such RAM from inside an image.', snapshot ?? vm),
    snapshot !== undefined
      ? t('Shut the VM down and make a full clone of {0} instead.', snapshot)
      : own === 'internal'
        ? t('Shut down the VM first.')
        : t('Create an external snapshot.'),
  ],
  cannotLeaveOut: ({ vm, disk, own, stays }) => [
    t('A snapshot of this kind includes all disks of {0}; {1} cannot be excluded.', vm, disk),
    own === 'internal'
      ? deleteInternalFirst()
      : stays === 'yes'
        ? t('Include all disks.')
        : t('Create an external disk-only snapshot, or include all disks.'),
  ],
  noSpaceFor: ({ vm, folder, bytes, free }) => [
    t(
      '{0} may need up to {1} in “{2}”, but only {3} are free there.',
      vm,
      bytesText(Number(bytes)),
      folder,
      bytesText(Number(free)),
    ),
    t('Free some space there first. A disk-only snapshot needs less space, and so does a linked clone.'),
  ],
  checkpointImpossible: ({ vm, snapshot }) => [
    t('The current state of {0} cannot be saved as a snapshot before the revert to {1}.', vm, snapshot),
    t('Revert without a checkpoint if you do not need the current state.'),
  ],
  memoryFileForeign: ({ vm, snapshot, file }) => [
    t(
      '{0} names “{1}” as its RAM. That file does not seem to be RAM of {2}, and would be deleted.',
      snapshot,
      file,
      vm,
    ),
    t(
      'Check what the file is. Without it, the snapshot’s disks can be kept: {0}. Then delete that snapshot.',
      wayTo('repair', vm),
    ),
  ],
  unownedImage: ({ snapshot, disk, file, image }) => [
    t(
      'According to libvirt, disk {1} of {0} is in “{2}”, but “{3}” is built on that file and no snapshot names it. Another program made libvirt forget a snapshot below it.',
      snapshot,
      disk,
      file,
      image,
    ),
    t(
      'If “{1}” contains {0}, read it from there (qemu-img convert). Otherwise move that file to another folder.',
      snapshot,
      image,
    ),
  ],
  usedByImage: ({ image, file }) => [
    t('The image “{0}”, which no VM here uses, is built on “{1}” and would be damaged.', image, file),
    t('Delete it if you do not need it, or make it independent (qemu-img rebase or convert).'),
  ],
  folderTooFull: ({ folder, file }) => [
    t('“{0}” contains more than 10,000 files, so it is not known whether one of them is built on “{1}”.', folder, file),
    t('Move files that are not disks to another folder, then try again.'),
  ],
  variablesShared: ({ vm, other, file }) => [
    t(
      '{0} and {1} have the same file with UEFI variables or TPM state, “{2}”. The revert would replace those of {1}.',
      vm,
      other,
      file,
    ),
    t('Give {0} a separate file (virsh edit, while it is off).', other),
  ],
  heldByProgram: ({ file }) => heldText(file),
  usedByHost: ({ file, how, where }) => [usedByHostText(file, how, where), endHostUseText(how, where)],
  onUnknownOverlay: ({ vm, file }) => [
    t('{0} uses “{1}”. An interrupted snapshot created that file before libvirt recorded it.', vm, file),
    t('No data is lost. The file now belongs to the VM. Leave it where it is, or consolidate the VM.'),
  ],
  filesOutOfReach: ({ folder, why }) => [
    folderReason(folder, why),
    why === 'noQemuImg'
      ? t('Install qemu-img on the host of the VM (Debian and Ubuntu: package qemu-utils).')
      : t('Add a storage pool for this folder to libvirt, or work on that host itself with qemu-img installed.'),
  ],
  notSeamless: ({ vm, why, said = '' }) => notSeamless(vm, why, said),
  memoryFileMissing: ({ vm, snapshot, file }) => [
    t('The RAM of {0} is missing: {1}.', snapshot, inQuotes(file)),
    putRamBack(vm),
  ],
  memoryFileBroken: ({ vm, snapshot, file }) => [
    t('The RAM of {0} is incomplete: {1}.', snapshot, inQuotes(file)),
    putRamBack(vm),
  ],
  ramOfOther: ({ vm, snapshot, name, uuid }) => [
    t(
      'The RAM of {1} belongs to a VM “{2}” ({3}). libvirt loads it only into that VM, and this VM is {0}.',
      vm,
      snapshot,
      name,
      uuid,
    ),
    name === vm
      ? t('Revert only the disks, and leave the VM off afterwards.')
      : t('Rename the VM back while it is off. Or revert only the disks, and leave the VM off afterwards.'),
  ],
  deviceMayBeFull: ({ snapshot, disk, file }) => [
    t('Deleting {0} merges later data of disk {1} into “{2}”, but that device may be too small.', snapshot, disk, file),
    t('Enlarge the device a little beyond the size of the disk that the guest sees. Then all data fits.'),
  ],
  volumeTakesNoMerge: ({ snapshot, disk, file }) => [
    t('{0} names disk {1} as a volume of a pool. libvirt cannot merge into such a disk.', snapshot, disk),
    t('Keep {0}, or continue with a copy of the disk. “{1}” stays as it was at that time.', snapshot, file),
  ],
  unfinishedDelete: ({ snapshot, disk }) => [
    t(
      'An earlier delete was interrupted while it merged disk {1}. The data of {0} may be partly mixed with later data.',
      snapshot,
      disk,
    ),
    t('Delete the snapshot above {0} again to finish its merge.', snapshot),
  ],
  overlayNeededByBranch: ({ snapshot, by, version }) =>
    by === undefined
      ? [
          t('The VM uses a file that libvirt {1} would delete with {0}.', snapshot, version),
          t('Keep {0} while the VM uses that file.', snapshot),
        ]
      : [
          t('{2} is built on a file that libvirt {1} would delete with {0}.', snapshot, version, by),
          t('Delete {0} first.', by),
        ],
  revertRemovesFile: ({ snapshot, by, file, version }) => [
    by === ''
      ? t(
          'On a revert to {0}, libvirt {1} would delete {2}, a disk that the VM no longer has.',
          snapshot,
          version,
          file,
        )
      : t('On a revert to {0}, libvirt {1} would delete {2}, which {3} is built on.', snapshot, version, file, by),
    t('Create a snapshot of the current state first. It becomes the current snapshot.'),
  ],
  overlayNamesCollide: ({ snapshot, disk, other, version }) => [
    t(
      'On a revert to {0}, libvirt {3} would give disks {1} and {2} the same new file, fail, and leave the VM off.',
      snapshot,
      disk,
      other,
      version,
    ),
    t('The file names of the two disks must differ in more than the part after the last dot.'),
  ],
  fileTaken: ({ file }) => [
    t('The file {0} already exists and is not overwritten.', file),
    t('Choose another title, or move that file away.'),
  ],
  unsafePath: ({ disk, file }) => [
    t('The path of disk {0} contains a character that breaks libvirt or QEMU: “{1}”.', disk, file),
    t('Rename the file while the VM is off.'),
  ],
};

export function heldText(file: string): readonly [sentence: string, nextStep: string] {
  return [
    t('A program has “{0}” open as a disk, for example qemu-nbd or a VM that is not shown here.', file),
    t('End that program (“fuser -v” names it), then try again.'),
  ];
}
