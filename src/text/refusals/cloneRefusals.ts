// Why no clone is made, or thrown away, in two sentences.
import { t } from '@vscode/l10n';
import type { Sentences } from './refusalSentence.js';
import { bytesText } from '../bytesText.js';
import { stateWord } from '../words.js';

export const cloneRefusals: Pick<
  Sentences,
  | 'vmNameTaken'
  | 'badVmName'
  | 'linkedToTag'
  | 'cloneNeedsOff'
  | 'diskNotHeld'
  | 'cloneSharesMemory'
  | 'forkNeedsRam'
  | 'forkOfInternal'
  | 'forkNeedsMemory'
  | 'notOurClone'
  | 'notOurVm'
> = {
  vmNameTaken: ({ name }) => [t('A VM named {0} already exists.', name), t('Choose another name.')],
  badVmName: ({ name }) => [
    t('A clone cannot be named “{0}”: its files get the same name.', name),
    t('Use at most 80 letters, digits, dots, dashes and underscores.'),
  ],
  linkedToTag: ({ vm, snapshot }) => [
    t('{0} is stored inside the image of {1}. A linked clone needs an external snapshot.', snapshot, vm),
    t('Create a full clone, or clone an external snapshot.'),
  ],
  cloneNeedsOff: ({ vm, state, snapshot }) => [
    snapshot === undefined
      ? t('{0} is {1}, so its disks would change during the cloning.', vm, stateWord(state))
      : t('{0} is {1}, and {2} is stored inside the image that it writes to.', vm, stateWord(state), snapshot),
    snapshot === undefined
      ? t('Clone one of its snapshots, or shut it down first.')
      : t('Shut it down first, or clone an external snapshot.'),
  ],
  diskNotHeld: ({ vm, snapshot, disk, attached }) =>
    attached === 'now'
      ? [
          t('{0} has the disk {1} only until it is shut down: its configuration does not contain it.', vm, disk),
          t('Detach the disk, or shut the VM down and clone it.'),
        ]
      : attached === 'live'
        ? [
            t(
              'The configuration of {0} in {1} does not have the disk {2}, which only the running VM had.',
              vm,
              snapshot,
              disk,
            ),
            t('Clone the snapshot without RAM. The clone does not get that disk.'),
          ]
        : [
            t('{0} does not contain the disk {1}, which has changed since then.', snapshot, disk),
            t('Clone a snapshot that contains all disks.'),
          ],
  cloneSharesMemory: ({ vm, device }) => [
    device === 'drive'
      ? t('{0} has a drive that is outside libvirt (qemu:commandline). A clone would write to the same drive.', vm)
      : t('{0} has persistent memory outside its disks ({1}). A clone would write to the same memory.', vm, device),
    '',
  ],
  forkOfInternal: ({ vm }) => [
    t('{0} has internal snapshots, so it cannot be forked while it is running.', vm),
    t('Shut it down and create a full clone, or delete its snapshots.'),
  ],
  forkNeedsRam: ({ snapshot }) => [
    t('{0} has no RAM of a running guest in a separate file, so no fork can start from it.', snapshot),
    t('Fork an external snapshot with RAM, or clone this one.'),
  ],
  forkNeedsMemory: ({ vm, count, bytes, free }) => [
    t(
      '{2} of RAM is needed for the forks of {1} ({0}), and {3} is free.',
      count,
      vm,
      bytesText(Number(bytes)),
      bytesText(Number(free)),
    ),
    t('Create fewer forks, or shut down other VMs.'),
  ],
  notOurClone: ({ vm }) => [
    t('Virt Rewind did not create {0} as a clone, so it does not delete it.', vm),
    t('To remove it, undefine it with virsh.'),
  ],
  notOurVm: ({ vm }) => [
    t('{0} has the UUID of a VM that Virt Rewind created, but is another one, so Virt Rewind does not delete it.', vm),
    t('To remove it, undefine it with virsh, then try again. To keep it, define it with another UUID.'),
  ],
};
