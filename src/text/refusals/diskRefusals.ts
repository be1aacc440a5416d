// The refusals that are about what a disk is, and what backups know of it, in the words of `refusalText`, of which they
// are a part.
import { t } from '@vscode/l10n';
import { noVolumeText } from './missingBase.js';
import { deleteInternalFirst, type Sentences } from './refusalSentence.js';
import { shellWord } from '../../base/shellWord.js';
import type { RefusalFacts } from '../../domain/refusal.js';
import { bytesText } from '../bytesText.js';
import { sizeProblemText } from '../operations/diskText.js';
import { quotedPath } from '../problems/problemSentence.js';
import { inQuotes } from '../quotes.js';
import { wayTo } from '../ways.js';

function unjudgedImage({
  file: path,
  why,
  below = '',
}: RefusalFacts['unjudgedImage']): readonly [reason: string, nextStep: string] {
  const file = inQuotes(path);
  const convert = t('If you trust its source, convert it to qcow2 (qemu-img convert).');
  switch (why) {
    case 'name':
      return [t('{0} cannot be used: it is built on {1}, but does not name it by a path.', file, below), convert];
    case 'noFormat':
      return [
        t(
          '{0} does not name the format of {1}, and QEMU would guess it. Set it: {2}',
          file,
          below,
          `qemu-img rebase -u -F FORMAT -b ${shellWord(below)} ${shellWord(path)}`,
        ),
        t('Shut down the VM first.'),
      ];
    case 'format':
      return [t('{0} is not an image in the format qcow2 or raw.', file), convert];
    case 'dataFile':
      return [t('{0} cannot be used: it is encrypted or keeps its data in another file.', file), convert];
    case 'loop':
      return [
        below === '' ? t('{0} is built on itself.', file) : t('These images are built on each other: {0}.', below),
        t('Name the right base of one of them, or restore it: {0}', 'qemu-img rebase -u -F FORMAT -b BASE IMAGE'),
      ];
    case 'replaced':
      return [t('Another file took the place of {0}.', file), t('Find the program that replaces it, then try again.')];
  }
}

function diskStays({ vm, disk, why, bytes }: RefusalFacts['diskStays']): readonly [reason: string, nextStep: string] {
  switch (why) {
    case 'notLarger':
      return [
        t('Disk {1} of {0} has {2}. A disk can only become larger.', vm, disk, bytesText(Number(bytes))),
        t('To make it smaller, copy its content to a new disk in the guest.'),
      ];
    case 'badSize':
      return [t('A disk has a multiple of 512 bytes.'), sizeProblemText()];
    case 'tooLarge':
      return [t('An image can have at most {0}.', bytesText(2 ** 51)), ''];
    case 'oldFormat':
      return [
        t(
          'The image of disk {1} of {0} has an old format, which takes no other size while it has snapshots.',
          vm,
          disk,
        ),
        t('Delete the internal snapshots, or convert the image: {0}', 'qemu-img amend -o compat=1.1 IMAGE'),
      ];
    case 'readOnly':
      return [t('Disk {1} of {0} is read-only, shared or a removable medium.', vm, disk), ''];
    case 'running':
      return [
        t('Disk {1} of {0} can be added or removed only while the VM is off.', vm, disk),
        t('Shut down {0} first.', vm),
      ];
    case 'boots':
      return [t('{0} starts from disk {1}, or it is the only one.', vm, disk), ''];
    case 'noPlace':
      return [t('{0} has no disk on a file beside which a new one fits, or its bus is full.', vm), ''];
    case 'noSpace':
      return [
        t('A disk of this size may need more space than is free ({0}).', bytesText(Number(bytes))),
        t('Choose a smaller size. The disk can grow later.'),
      ];
    case 'notThere':
      return [t('The file of disk {1} of {0} is gone, or its place or name is in use.', vm, disk), ''];
    case 'writtenBelow':
      return [t('The image that disk {1} of {0} is built on was written to since.', vm, disk), ''];
    case 'noFile':
      return [t('Disk {1} of {0} is not an image file.', vm, disk), t('Change it with the tools of that storage.')];
    default:
      return [
        t('Disk {1} of {0} is not a plain image in the format qcow2 or raw.', vm, disk),
        t('Change it with the tools of that storage.'),
      ];
  }
}

export const diskRefusals: Pick<
  Sentences,
  | 'unknownDiskElement'
  | 'encryptedDisk'
  | 'slicedDisk'
  | 'layerFormat'
  | 'unjudgedImage'
  | 'transientDisk'
  | 'ownerChose'
  | 'dataFileInside'
  | 'fewReferences'
  | 'imageUnclosed'
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
  | 'diskStays'
> = {
  diskStays,
  managedSaveExists: ({ vm }) => [
    t('{0} has a saved state. The next start would combine its old RAM with changed disks and damage them.', vm),
    t('Start {0} once to use the saved state, then try again.', vm),
  ],
  savedBelow: ({ vm, disk, file }) => [
    t(
      'The saved state of {0} is older than the overlays on its disks. The next start would write to “{1}” below them on disk {2} and damage them.',
      vm,
      file,
      disk,
    ),
    t(
      'Revert {0} to a snapshot (the revert asks before it discards the saved state), or discard it manually (virsh managedsave-remove).',
      vm,
    ),
  ],
  noDisks: ({ vm }) => [t('{0} has no disk that a snapshot can contain.', vm), t('Add a disk to the VM.')],
  rawDisk: ({ vm, disk, format, own }) => [
    t('Disk {1} of {0} is {2}, but internal snapshots need qcow2.', vm, disk, format),
    format !== 'raw'
      ? convertText(vm)
      : own === 'internal'
        ? t(
            'Change it to a read-only CD-ROM (as for a cloud-init seed), remove it from the VM, or convert it to qcow2.',
          )
        : t('Create an external snapshot, or convert the disk to qcow2.'),
  ],
  rawNvram: ({ vm, nvram, version, state, own }) => [
    t(
      'The UEFI variables of {0} have the format {1}. libvirt {2} cannot put them into an internal snapshot.',
      vm,
      nvram,
      version,
    ),
    own !== 'internal'
      ? t('Create an external snapshot.')
      : state === 'running'
        ? t('Shut down the VM first.')
        : deleteInternalFirst(),
  ],
  unknownDiskElement: ({ vm, disk, element }) => [
    t(
      'Disk {1} of {0} has “{2}”. Virt Rewind does not support that element for another file of the disk.',
      vm,
      disk,
      element,
    ),
    t('If you know its effect, use virsh. Virt Rewind does not change the disk.'),
  ],
  encryptedDisk: ({ vm, disk, stays }) => [
    t(
      'Disk {1} of {0} is encrypted. Overlays on it would contain unencrypted data, and a snapshot inside it can crash QEMU.',
      vm,
      disk,
    ),
    stays === 'yes'
      ? t('Copy the image while {0} is off.', vm)
      : t('Create a snapshot without this disk, or copy the image while {0} is off.', vm),
  ],
  slicedDisk: ({ vm, disk, stays }) => [
    t('Disk {1} of {0} is part of a file. The data before and after it could be overwritten.', vm, disk),
    stays === 'yes'
      ? t('Give the disk a separate file.')
      : t('Create a snapshot without this disk, or give the disk a separate file.'),
  ],
  layerFormat: ({ vm, disk, file, format }) =>
    format === undefined
      ? [
          t('“{2}”, on disk {1} of {0}, does not name the format of the file below it.', vm, disk, file),
          t('Set it while {0} is off: qemu-img rebase -u -F FORMAT -b FILE-BELOW “{1}”', vm, file),
        ]
      : [
          t(
            '“{2}”, on disk {1} of {0}, is opened as {3}. Such a file can refer to any other file.',
            vm,
            disk,
            file,
            format,
          ),
          convertText(vm),
        ],
  unjudgedImage,
  transientDisk: ({ vm, disk }) => [
    t('Disk {1} of {0} is transient: its data is lost when {0} stops.', vm, disk),
    t('Remove “transient” from the configuration of {0} first.', vm),
  ],
  ownerChose: ({ vm, disk, wish, own = wish, stays }) => [
    wish === 'no'
      ? t('The configuration of {0} excludes disk {1} from snapshots (snapshot="no").', vm, disk)
      : wish === 'manual'
        ? t('The configuration of {0} sets disk {1} to manual handling (snapshot="manual").', vm, disk)
        : t('The configuration of {0} requires {2} snapshots of disk {1}.', vm, disk, wish),
    (wish === 'no' || wish === 'manual' ? stays === 'yes' : own !== wish)
      ? t('Change the configuration.')
      : wish === 'no' || wish === 'manual'
        ? t('Create a disk-only snapshot without this disk, or change the configuration.')
        : t('Create a snapshot of that style, or change the configuration.'),
  ],
  dataFileInside: ({ vm, disk, own }) => [
    t('The image of disk {1} of {0} keeps its data in a separate file, and cannot contain snapshots.', vm, disk),
    own === 'internal' ? deleteInternalFirst() : t('Create an external snapshot.'),
  ],
  fewReferences: ({ vm, disk, most, own }) => [
    t(
      'The image of disk {1} of {0} was created with small reference counts: it has no room for another internal snapshot (limit: {2}).',
      vm,
      disk,
      most,
    ),
    own === 'internal' ? deleteInternalFirst() : t('Create an external snapshot.'),
  ],
  imageUnclosed: ({ vm, disk, file }) => [
    unclosedText(file),
    t(
      'QEMU would crash when it saves or restores RAM on disk {1} of {0}. Shut down {0}, then repair the image: {2}.',
      vm,
      disk,
      wayTo('repair', vm),
    ),
  ],
  copyOnRead: ({ vm, disk, own }) => [
    t('Disk {1} of {0} copies on read. The guest would hang when its RAM is restored from inside the image.', vm, disk),
    own === 'internal' ? t('Shut down the VM first.') : t('Create an external snapshot, or turn off “copy_on_read”.'),
  ],
  volumeNotThere: ({ vm, disk, pool, volume, why }) => noVolumeText(vm, disk, pool, volume, why),
  formatUntold: ({ vm, disk }) => [
    t('The configuration of {0} does not name the format of disk {1}.', vm, disk),
    t('Set the type of its “driver”, for example qcow2.'),
  ],
  checkpointsExist: ({ vm, checkpoint }) => [
    t('{0} has libvirt checkpoints for incremental backups (“{1}”). This operation would break them.', vm, checkpoint),
    t('Delete them first (virsh checkpoint-delete). The next backup must then be a full one.'),
  ],
  bitmapsInImage: ({ vm, snapshot, disk, file }) => [
    t(
      'The image of disk {2} of {0} contains backup bitmaps, so QEMU cannot revert to {1} inside it: “{3}”.',
      vm,
      snapshot,
      disk,
      file,
    ),
    t('Remove the bitmaps first (qemu-img bitmap --remove). The next backup must then be a full one.'),
  ],
  ramWithoutDisks: ({ snapshot }) => [
    t(
      '{0} contains RAM without disks: the disks have changed since then. libvirt can neither merge nor delete it.',
      snapshot,
    ),
    t('Make libvirt forget it (“virsh snapshot-delete --metadata”), and delete its file if you do not need it.'),
  ],
  nvdimmOverwritten: ({ vm }) => [
    t('{0} has an NVDIMM. A revert with RAM would overwrite its file.', vm),
    t('Copy the file of the NVDIMM, and remove the NVDIMM from the configuration of {0} first.', vm),
  ],
};

export function unclosedText(file: string): string {
  return t('{0} was not closed properly: a program that wrote to it was killed.', quotedPath(file));
}

/** An overlay needs a layer of raw or qcow2 below it, and an internal snapshot qcow2. */
function convertText(vm: string): string {
  return t('If you trust its source, convert the disk to qcow2 (qemu-img convert) while {0} is off.', vm);
}
