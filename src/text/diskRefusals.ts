// The refusals that are about what a disk is, and what backups know of it, in the words of `refusalText`, of which they are
// a part.
import { t } from '@vscode/l10n';
import { noVolumeText } from './missingBase.js';
import { deleteInternalFirst, type Sentences } from './refusalSentence.js';

export const diskRefusals: Pick<
  Sentences,
  | 'unknownDiskElement'
  | 'encryptedDisk'
  | 'slicedDisk'
  | 'layerFormat'
  | 'transientDisk'
  | 'ownerChose'
  | 'dataFileInside'
  | 'copyOnRead'
  | 'volumeNotThere'
  | 'formatUntold'
  | 'checkpointsExist'
  | 'bitmapsInImage'
  | 'ramWithoutDisks'
  | 'nvdimmOverwritten'
  | 'noDisks'
  | 'rawDisk'
  | 'rawNvram'
  | 'managedSaveExists'
  | 'savedBelow'
> = {
  managedSaveExists: ({ vm }) => [
    t('{0} has a saved state: its next start would put that old RAM on other disks and damage them.', vm),
    t('Start {0} once, so that the saved state is used up, then try again.', vm),
  ],
  savedBelow: ({ vm, disk, file }) => [
    t(
      'The saved state of {0} was made before somebody put overlays on its disks: its next start would write to “{1}” below them on disk {2}, and damage them.',
      vm,
      file,
      disk,
    ),
    t(
      'Revert {0} to a snapshot, which asks before it drops the saved state, or drop it yourself (virsh managedsave-remove).',
      vm,
    ),
  ],
  noDisks: ({ vm }) => [t('{0} has no disk that a snapshot could hold.', vm), t('Add a disk to the VM.')],
  rawDisk: ({ vm, disk, format, own }) => [
    t('Disk {1} of {0} is {2}, and internal snapshots need qcow2.', vm, disk, format),
    own === 'internal'
      ? t('Make it a read-only CD-ROM (as for a cloud-init seed), take it out of the VM, or convert it to qcow2.')
      : t('Take an external snapshot, or convert the disk to qcow2.'),
  ],
  rawNvram: ({ vm, nvram, version, state, own }) => [
    t(
      'The UEFI variables of {0} are kept as {1}, which libvirt {2} cannot put into an internal snapshot.',
      vm,
      nvram,
      version,
    ),
    own !== 'internal'
      ? t('Take an external snapshot.')
      : state === 'running'
        ? t('Shut the VM down first.')
        : deleteInternalFirst(),
  ],
  unknownDiskElement: ({ vm, disk, element }) => [
    t(
      'Disk {1} of {0} has “{2}”, and it is not known what that means for another file in its place.',
      vm,
      disk,
      element,
    ),
    t('Do this with virsh, if you know what it does. Virt Rewind leaves the disk as it is.'),
  ],
  encryptedDisk: ({ vm, disk, stays }) => [
    t(
      'Disk {1} of {0} is encrypted: overlays on it would hold data in clear, and QEMU can die of a snapshot inside it.',
      vm,
      disk,
    ),
    stays === 'yes'
      ? t('Copy the image while {0} is off.', vm)
      : t('Take a snapshot without this disk, or copy the image while {0} is off.', vm),
  ],
  slicedDisk: ({ vm, disk, stays }) => [
    t('Disk {1} of {0} is a part of a file; what stands before and behind it could be overwritten.', vm, disk),
    stays === 'yes'
      ? t('Give the disk a file of its own.')
      : t('Take a snapshot without this disk, or give the disk a file of its own.'),
  ],
  layerFormat: ({ vm, disk, file, format }) =>
    format === undefined
      ? [
          t('“{2}”, on disk {1} of {0}, does not say which format the file below it has.', vm, disk, file),
          t('Write it down while {0} is off: qemu-img rebase -u -F FORMAT -b FILE-BELOW “{1}”', vm, file),
        ]
      : [
          t('“{2}”, on disk {1} of {0}, is opened as {3}, and may name any other file.', vm, disk, file, format),
          t('If you know where it comes from, convert the disk to qcow2 (qemu-img convert) while {0} is off.', vm),
        ],
  transientDisk: ({ vm, disk }) => [
    t('Disk {1} of {0} is transient: what is written to it is gone when {0} stops.', vm, disk),
    t('Take “transient” out of the configuration of {0} first.', vm),
  ],
  ownerChose: ({ vm, disk, wish, own = wish, stays }) => [
    wish === 'no'
      ? t('The configuration of {0} keeps disk {1} out of snapshots (snapshot="no").', vm, disk)
      : wish === 'manual'
        ? t('The configuration of {0} says that disk {1} is taken care of by hand (snapshot="manual").', vm, disk)
        : t('The configuration of {0} wants {2} snapshots of disk {1}.', vm, disk, wish),
    (wish === 'no' || wish === 'manual' ? stays === 'yes' : own !== wish)
      ? t('Change the configuration.')
      : wish === 'no' || wish === 'manual'
        ? t('Take a snapshot of the disks only, without this one, or change the configuration.')
        : t('Take a snapshot of that style, or change the configuration.'),
  ],
  dataFileInside: ({ vm, disk, own }) => [
    t('The image of disk {1} of {0} keeps its data in a file beside it, and cannot hold snapshots.', vm, disk),
    own === 'internal' ? deleteInternalFirst() : t('Take an external snapshot.'),
  ],
  copyOnRead: ({ vm, disk, own }) => [
    t('Disk {1} of {0} copies on read: the guest would hang when its RAM comes back from inside the image.', vm, disk),
    own === 'internal' ? t('Shut the VM down first.') : t('Take an external snapshot, or switch “copy_on_read” off.'),
  ],
  volumeNotThere: ({ vm, disk, pool, volume, why }) => noVolumeText(vm, disk, pool, volume, why),
  formatUntold: ({ vm, disk }) => [
    t('The configuration of {0} does not say which format disk {1} has.', vm, disk),
    t('Give its “driver” a type, for example qcow2.'),
  ],
  checkpointsExist: ({ vm, checkpoint }) => [
    t('{0} has checkpoints of libvirt for incremental backups (“{1}”), and they do not outlive this.', vm, checkpoint),
    t('Delete them first (virsh checkpoint-delete); the next backup has to be a full one then.'),
  ],
  bitmapsInImage: ({ vm, snapshot, disk, file }) => [
    t(
      'The image of disk {2} of {0} notes changed blocks for backups, so QEMU cannot go back to {1} inside it: “{3}”.',
      vm,
      snapshot,
      disk,
      file,
    ),
    t('Remove these notes first (qemu-img bitmap --remove); the next backup has to be a full one then.'),
  ],
  ramWithoutDisks: ({ snapshot }) => [
    t('{0} is RAM without any disk: its disks have gone on, and libvirt can neither merge nor delete it.', snapshot),
    t('Forget it with “virsh snapshot-delete --metadata”, and remove its file when you do not need it.'),
  ],
  nvdimmOverwritten: ({ vm, snapshot }) => [
    t('The RAM of {1} includes the NVDIMM of {0}, whose file would be overwritten for good.', vm, snapshot),
    t('Copy the file of the NVDIMM, and take it out of the configuration of {0} first.', vm),
  ],
};
