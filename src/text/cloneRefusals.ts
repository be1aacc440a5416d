// Why no clone is made, or thrown away, in two sentences. Knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { Sentences } from './refusalSentence.js';
import { bytesText } from './bytesText.js';
import { stateWord } from './words.js';

export const cloneRefusals: Pick<
  Sentences,
  | 'vmNameTaken'
  | 'badVmName'
  | 'linkedToTag'
  | 'cloneNeedsOff'
  | 'diskNotHeld'
  | 'cloneSharesMemory'
  | 'forkNeedsRam'
  | 'forkNeedsMemory'
  | 'notOurClone'
> = {
  vmNameTaken: ({ name }) => [t('There is a VM {0} already.', name), t('Choose another name.')],
  badVmName: ({ name }) => [
    t('A clone cannot be called “{0}”: its files are called after it.', name),
    t('Use letters, digits, dots, dashes and underscores, at most 80.'),
  ],
  linkedToTag: ({ vm, snapshot }) => [
    t('{0} stands inside the image of {1}: a linked clone can only stand on files of their own.', snapshot, vm),
    t('Make a full clone, or one of an external snapshot.'),
  ],
  cloneNeedsOff: ({ vm, state, snapshot }) => [
    snapshot === undefined
      ? t('{0} is {1}, so its disks change while they would be cloned.', vm, stateWord(state))
      : t('{0} is {1}, and {2} stands inside of the image that it writes to.', vm, stateWord(state), snapshot),
    snapshot === undefined
      ? t('Clone one of its snapshots, or shut it down first.')
      : t('Shut it down first, or clone an external snapshot.'),
  ],
  diskNotHeld: ({ snapshot, disk }) => [
    t('{0} does not hold the disk {1}, which has changed since.', snapshot, disk),
    t('Clone a snapshot that holds all disks.'),
  ],
  cloneSharesMemory: ({ vm, device }) => [
    device === 'drive'
      ? t('{0} has a drive that libvirt does not know (qemu:commandline): a clone would write into the same.', vm)
      : t('{0} has memory that lasts outside of its disks ({1}): a clone would write into the same.', vm, device),
    '',
  ],
  forkNeedsRam: ({ snapshot }) => [
    t('{0} has no RAM of a running guest in a file of its own, so no fork can go on from it.', snapshot),
    t('Fork an external snapshot with RAM, or clone this one.'),
  ],
  forkNeedsMemory: ({ vm, count, bytes, free }) => [
    t(
      '{0} forks of {1} need {2} of memory, and {3} are free.',
      count,
      vm,
      bytesText(Number(bytes)),
      bytesText(Number(free)),
    ),
    t('Make fewer, or switch something off.'),
  ],
  notOurClone: ({ vm }) => [
    t('{0} is no clone that Virt Rewind has made, so it is not thrown away.', vm),
    t('Undefine it with virsh if it is to go.'),
  ],
};
