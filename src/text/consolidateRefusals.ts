// The refusals of what shortens chains, in the words of `refusalText`, of which they are a part.
import { t } from '@vscode/l10n';
import { emptyFileText, putBackText } from './missingBase.js';
import { inQuotes } from './quotes.js';
import type { Sentences } from './refusalSentence.js';

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
  nothingToConsolidate: ({ vm }) => [t('The disks of {0} have no layer that could be merged down.', vm), ''],
  noSuchDisk: ({ vm, disk }) => [
    t('{0} has no disk {1}.', vm, disk),
    t('The names are those that the guest’s devices have in the XML of the VM, for example vda.'),
  ],
  snapshotsHoldAllDisks: ({ vm, disk }) => [
    t('The snapshots of {0} hold disk {1} together with the others, so its layers cannot go alone.', vm, disk),
    t('Consolidate all disks of {0}.', vm),
  ],
  chainUnknown: ({ vm, disk }) => [
    t('What disk {1} of {0} stands on, and in which formats, is not known down to its base.', vm, disk),
    t('Make its files readable; an image whose header does not tell a format gets one with “qemu-img rebase -u -F”.'),
  ],
  layerNotInChain: ({ vm, file }) => [
    t('No disk of {0} stands on “{1}”.', vm, file),
    t('The tooltip of the VM names its layers.'),
  ],
  layerNeeded: ({ vm, file, by }) => [
    t('“{1}”, which would change or go, is needed as it is: {2} rests on the files of {0}.', vm, file, by),
    t('Delete what needs it first, or give it files of its own.'),
  ],
  tagInLayer: ({ file, tag }) => [
    t('An internal snapshot, “{1}”, is inside “{0}” and would go with it.', file, tag),
    t('Delete that snapshot first.'),
  ],
  layerBroken: ({ vm, disk, file, gone, empty }) => [
    gone === 'yes'
      ? t('A file that disk {0} of {1} is built on is gone: {2}.', disk, vm, inQuotes(file))
      : empty === 'yes'
        ? emptyFileText(file)
        : t('An image of disk {1} of {0} is marked as damaged: “{2}”.', vm, disk, file),
    gone === 'yes' || empty === 'yes' ? putBackText() : t('Look at it with “qemu-img check” while the VM is off.'),
  ],
  layerSmaller: ({ vm, disk, file }) => [
    t('“{2}” is smaller than the image below it, so disk {1} of {0} would grow for the guest.', vm, disk, file),
    t('Copy the disk with “qemu-img convert” instead, while the VM is off.'),
  ],
  baseReadOnly: ({ vm, file }) => [
    t('Nobody may write to “{1}”, so the layers of {0} cannot be merged into it.', vm, file),
    t('Allow its owner to write to it if it is nobody else’s template, or merge down to a layer above it only.'),
  ],
  definitionDiffers: ({ vm, disk, file }) => [
    t(
      'The configuration of {0} for its next start has “{2}” as disk {1}, and not the file that it runs on.',
      vm,
      disk,
      file,
    ),
    t('Shut {0} down, or let its configuration name the file that it runs on (virsh edit).', vm),
  ],
  currentStays: ({ snapshot }) => [
    t('The VM stands on {0}.', snapshot),
    t('Revert to another one first, or delete it by itself, if it may go.'),
  ],
  mergeStartsVm: ({ vm, snapshot }) => [
    t('To delete {1}, libvirt would start {0} with its devices of the host.', vm, snapshot),
    t('Delete {0} while {1} runs.', snapshot, vm),
  ],
  snapshotKept: ({ snapshot }) => [
    t('{0} is marked as to be kept.', snapshot),
    t('Take the mark away first, if it may go.'),
  ],
};
