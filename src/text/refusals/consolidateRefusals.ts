// The refusals of what shortens chains, in the words of `refusalText`, of which they are a part.
import { t } from '@vscode/l10n';
import { brokenImageText, putBackText } from './missingBase.js';
import { inQuotes } from '../quotes.js';
import type { Sentences } from './refusalSentence.js';
import { wayTo } from '../ways.js';

export const consolidateRefusals: Pick<
  Sentences,
  | 'nothingToConsolidate'
  | 'noSuchDisk'
  | 'snapshotsHoldAllDisks'
  | 'chainUnknown'
  | 'layerNotInChain'
  | 'layerNeeded'
  | 'tagInLayer'
  | 'layerBroken'
  | 'layerSmaller'
  | 'baseReadOnly'
  | 'definitionDiffers'
  | 'mergeStartsVm'
  | 'snapshotKept'
  | 'currentStays'
> = {
  nothingToConsolidate: ({ vm }) => [t('The disks of {0} have no layers to merge down.', vm), ''],
  noSuchDisk: ({ vm, disk }) => [
    t('{0} has no disk {1}.', vm, disk),
    t('Use the device names of the guest in the XML of the VM, for example vda.'),
  ],
  snapshotsHoldAllDisks: ({ vm, disk }) => [
    t(
      'The snapshots of {0} contain disk {1} together with the others, so its layers cannot be merged alone.',
      vm,
      disk,
    ),
    t('Consolidate all disks of {0}.', vm),
  ],
  chainUnknown: ({ vm, disk }) => [
    t('The files and formats below disk {1} of {0} are not all known.', vm, disk),
    t('Make the files readable. If the header of an image names no format, set it with “qemu-img rebase -u -F”.'),
  ],
  layerNotInChain: ({ vm, file }) => [
    t('No disk of {0} uses “{1}”.', vm, file),
    t('“qemu-img info --backing-chain” shows the layers of a disk.'),
  ],
  layerNeeded: ({ vm, file, by }) => [
    t('“{1}” would be changed or deleted, but {2} depends on it: it uses the files of {0}.', vm, file, by),
    t('Delete that first, or give it separate files.'),
  ],
  tagInLayer: ({ file, tag }) => [
    t('An internal snapshot, “{1}”, is inside “{0}” and would be deleted with it.', file, tag),
    t('Delete that snapshot first.'),
  ],
  layerBroken: ({ vm, disk, file, gone, empty }) =>
    gone === 'yes'
      ? [t('A file that disk {0} of {1} depends on is missing: {2}.', disk, vm, inQuotes(file)), putBackText()]
      : brokenImageText(file, empty),
  layerSmaller: ({ vm, disk, file }) => [
    t(
      '“{2}” is smaller than the image below it, so disk {1} of {0} would become larger for the guest.',
      vm,
      disk,
      file,
    ),
    t('Copy the disk with “qemu-img convert” instead, while the VM is off.'),
  ],
  baseReadOnly: ({ vm, file, by, why }) =>
    by === 'appArmorOff'
      ? [
          t('AppArmor forbids this merge to libvirt, and “{0}” cannot be changed without it.', file),
          why === undefined
            ? t('Update to libvirt {0} or newer.', '12.1')
            : t('Do this on the host of {0} as a user who can write to that file.', vm),
        ]
      : by === undefined
        ? [
            t('“{1}” is read-only for everyone, so the layers of {0} cannot be merged into it.', vm, file),
            t(
              'If it is not a template of another VM, let its owner write to it. Or merge down only to a layer above it.',
            ),
          ]
        : forbiddenMergeText(),
  definitionDiffers: ({ vm, disk, file }) => [
    t(
      'For the next start, the configuration of {0} names “{2}” as disk {1}. The VM is using another file now.',
      vm,
      disk,
      file,
    ),
    t('Shut down {0}, or change its configuration to the file that it is using now (virsh edit).', vm),
  ],
  currentStays: ({ snapshot }) => [
    t('The VM is at {0}.', snapshot),
    t('Revert to another snapshot first, or delete this one individually.'),
  ],
  mergeStartsVm: ({ vm, snapshot }) => [
    t('To delete {1}, libvirt would start {0} with its host devices.', vm, snapshot),
    t('Delete {0} while {1} runs.', snapshot, vm),
  ],
  snapshotKept: ({ vm, snapshot }) => [
    t('{0} is marked as kept.', snapshot),
    t('To delete it, clear that mark first: {0}', wayTo('free', vm)),
  ],
};

/** Why, and what to do: it is merged without the VM's QEMU then. */
export function forbiddenMergeText(): [string, string] {
  return [t('AppArmor forbids this merge while the VM runs.'), t('Shut down the VM and try again.')];
}
