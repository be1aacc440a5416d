// The refusals of a recovery that leaves the VM to a person, in the words of `refusalText`, of which they are a part.
import { t } from '@vscode/l10n';
import type { Sentences } from './refusalSentence.js';

export const recoveryRefusals: Pick<
  Sentences,
  | 'runsUnseen'
  | 'mergeLost'
  | 'usedSince'
  | 'saveUsedUp'
  | 'variablesReplaced'
  | 'protectedVm'
  | 'recoveryFailed'
  | 'unfinishedOperation'
  | 'systemInterrupted'
  | 'begunElsewhere'
  | 'entryUnreadable'
  | 'entryOfUnknownVm'
  | 'settingsUnreadable'
  | 'vmGone'
  | 'begunOnOtherHost'
  | 'brokeOffLongAgo'
  | 'notAsLeft'
  | 'notByItself'
> = {
  protectedVm: ({ vm }) => [
    t('{0} is protected: nothing is done to it by itself.', vm),
    t('Finish it yourself, with the commands in the log.'),
  ],
  recoveryFailed: ({ vm, message }) => [
    t('An operation on {0} was interrupted and could not be brought to its end: {1}', vm, message),
    t('Finish it yourself, with the commands in the log.'),
  ],
  unfinishedOperation: ({ vm }) => [
    t('An operation on {0} was interrupted and is not brought to its end, so nothing new is begun on top of it.', vm),
    t(
      'Examine {0} and repair what is found, or run the commands in the log and call “Unfinished Operation Is Taken Care Of”.',
      vm,
    ),
  ],
  systemInterrupted: ({ vm, system }) => [
    t(
      'An operation on the system {0}, to which {1} belongs, was interrupted and is not brought to its end.',
      system,
      vm,
    ),
    t('Bring it to its end: {0}', `virt-rewind system recover ${system}`),
  ],
  begunElsewhere: ({ vm, connection }) => [
    t('It began over {0}, on a VM with the same UUID: there it is brought to its end.', connection),
    t('Connect to {0}, or examine {1} and see to it yourself.', connection, vm),
  ],
  entryUnreadable: ({ vm, file, why }) => [
    why === 'newer'
      ? t('A newer version of Virt Rewind, in another editor, began an operation on {0} that has not ended.', vm)
      : t('The journal has an operation on {0} that cannot be read, so nobody knows whether it has ended.', vm),
    why === 'newer'
      ? t('Finish it in that editor, or update Virt Rewind here. It is kept in “{0}”.', file)
      : t('Examine {0}. When all is well with it, remove the folder “{1}”.', vm, file),
  ],
  entryOfUnknownVm: ({ file }) => [
    t('The journal has an operation that cannot be read. It may be of any VM, so nothing new is begun on any.'),
    t('Examine your VMs. When all is well with them, move “{0}” out of the journal.', file),
  ],
  settingsUnreadable: ({ file, why }) => [
    t('The settings cannot be read in “{0}”, so every VM counts as protected and agents may do nothing.', file),
    why === 'newer'
      ? t('A newer version of Virt Rewind wrote them: update this one.')
      : t('Open the editor once: it writes them again. Or remove the file.'),
  ],
  runsUnseen: ({ vm, file }) => [
    t(
      'libvirt says that {0} is off, and a program has “{1}” open to write to: most likely its QEMU, which libvirt lost.',
      vm,
      file,
    ),
    t('Shut the guest down from inside, or end the QEMU process of {0}; then try again.', vm),
  ],
  mergeLost: ({ vm, disk, file, said }) => [
    t(
      'libvirt lost track of a merge on {0}: disk {1} stands on “{2}”, as it says, and QEMU writes into “{3}” below it.',
      vm,
      disk,
      said,
      file,
    ),
    t('Leave {0} running, and examine it: there stands how to see which file it is on.', vm),
  ],
  begunOnOtherHost: ({ vm, host }) => [
    t('It is not known to have begun here, on this VM: its journal names the host {0}.', host),
    t(
      'Finish it on {0}. If it is not this VM, or you have seen to it, call “Unfinished Operation Is Taken Care Of” for {1}.',
      host,
      vm,
    ),
  ],
  brokeOffLongAgo: ({ vm }) => [
    t('That was more than an hour ago, or before this computer was started, so nothing is done to {0} by itself.', vm),
    finishIt(vm),
  ],
  notAsLeft: ({ vm, what }) => [changedSinceSentence(vm, what), finishIt(vm)],
  notByItself: ({ vm, setting }) => [
    t('The setting “Automatic Actions” is “{0}”, so nothing is done to {1} by itself.', setting, vm),
    finishIt(vm),
  ],
  vmGone: ({ vm }) => [t('An operation on {0} was interrupted, and the VM is not there any more.', vm), ''],
  usedSince: ({ vm }) => [
    t('An operation on {0} was interrupted, and {0} may have been used since. To finish it now could undo that.', vm),
    t('Look at {0}: go on with it as it is, or revert it once more. Examine finds what was left over.', vm),
  ],
  saveUsedUp: ({ vm, state }) => [
    state === 'paused'
      ? t('{0} was started from its saved state to keep that in a snapshot, and there is no snapshot.', vm)
      : t('{0} was started from its saved state to keep that in a snapshot, and is not paused any more.', vm),
    state === 'paused'
      ? t('Its RAM is in {0}, which is paused: resume it, take a snapshot, or save it again.', vm)
      : t('The saved state is used up. The disks of {0} are as the VM left them.', vm),
  ],
  variablesReplaced: ({ vm, snapshot }) => [
    t('A revert of {0} was interrupted: its UEFI variables are those of {1}, its disks are not.', vm, snapshot),
    t('Revert {0} to {1} again, or shut it down and put the variables of its checkpoint back.', vm, snapshot),
  ],
};

function finishIt(vm: string): string {
  return t(
    'Look at {0}. Then call “Finish Unfinished Operation”, which shows first what it would do. Or leave {0} as it is and call “Unfinished Operation Is Taken Care Of”.',
    vm,
  );
}

function changedSinceSentence(vm: string, what: string): string {
  switch (what) {
    case 'snapshots':
      return t('The snapshots of {0} are others since, by another hand.', vm);
    case 'disks':
      return t('{0} stands on other files since, by another hand.', vm);
    case 'power':
      return t('{0} was started, paused or shut down since, by another hand.', vm);
    case 'written':
      return t('A disk of {0} may have been written to since.', vm);
    default:
      return t('It is not known whether {0} was used since.', vm);
  }
}
