// Why a recovery leaves the VM to a person, and why an operation of the log cannot be undone.
import { t } from '@vscode/l10n';
import { inQuotes } from '../quotes.js';
import type { Sentences } from './refusalSentence.js';
import { commandFor, isIn, wayTo } from '../ways.js';

export const undoRefusals: Pick<Sentences, 'notUndoable'> = {
  notUndoable: ({ vm, why, entries = '', snapshot = '', system = '' }) => {
    switch (why) {
      case 'power':
        return [t('Cannot be undone (power operation).'), ''];
      case 'merged':
        return [t('Cannot be undone: layers were merged.'), ''];
      case 'repaired':
        return [t('Cannot be undone (repair).'), ''];
      case 'cloned':
        return [t('A clone is a separate VM.'), t('To delete it: {0}', wayTo('discard'))];
      case 'discarded':
        return [t('Cannot be undone: the clone was deleted with its files.'), ''];
      case 'grown':
        return [
          t('Cannot be undone: a disk is not made smaller.'),
          t('A revert to a snapshot from before restores the size that it had.'),
        ];
      case 'deleted':
        return [t('Cannot be undone: data that only this snapshot had was deleted.'), ''];
      case 'undone':
        return [t('Already undone by {0}.', entries), t('To do it again: {0}', wayTo('redo', vm))];
      case 'restsOn':
        return snapshot === ''
          ? [t('Later operations must be undone first.'), t('Undo these first: {0}.', entries)]
          : entries === ''
            ? [t('{0} depends on it.', snapshot), t('Delete that snapshot first.')]
            : [t('{0} depends on it.', snapshot), t('Undo these first: {0}.', entries)];
      case 'gone':
        return [t('The snapshot {0} no longer exists, or another snapshot has its name.', snapshot), ''];
      case 'changed':
        return [t('{0} was changed after that.', snapshot), t('Edit it manually.')];
      case 'noCheckpoint':
        return [t('That revert saved no checkpoint, so it cannot be undone.'), ''];
      case 'ofSystem':
        return [t('This was part of an operation on the system {0}.', system), t('Undo it for the whole system.')];
      default:
        return [t('The previous state was not saved completely.'), t('Edit it manually.')];
    }
  },
};

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
  | 'moveInterrupted'
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
  protectedVm: ({ vm }) => [t('{0} is protected, so it is not changed automatically.', vm), finishIt(vm)],
  recoveryFailed: ({ vm, message }) => [
    t('An operation on {0} was interrupted and could not be finished: {1}', vm, message),
    finishIt(vm),
  ],
  unfinishedOperation: ({ vm }) => [
    t('An operation on {0} was interrupted and is not finished, so no new operation can start.', vm),
    finishIt(vm),
  ],
  systemInterrupted: ({ vm, system }) => [
    t('An operation on the system {0}, which contains {1}, was interrupted and is not finished.', system, vm),
    t('Finish it with: {0}', commandFor(['system', 'recover', system])),
  ],
  moveInterrupted: ({ vm, host }) => [
    t('A move of {0} to {1} was interrupted.', vm, host),
    t('Finish or undo it: {0}', isIn('editor') ? wayTo('finish') : commandFor(['recover', vm])),
  ],
  begunElsewhere: ({ vm, connection }) => [
    t('It started on the connection {0}, on a VM with the same UUID. Finish it there.', connection),
    t('Connect to {0}, or leave {1} as it is: {2}', connection, vm, wayTo('dismiss', vm)),
  ],
  entryUnreadable: ({ vm, file, why }) => [
    why === 'newer'
      ? t('A newer version of Virt Rewind in another editor started an operation on {0} that is not finished.', vm)
      : t(
          'The journal contains an operation on {0} that cannot be read, so it is unknown whether it has finished.',
          vm,
        ),
    why === 'newer'
      ? t('Finish it in that editor, or update Virt Rewind here. The journal entry is in “{0}”.', file)
      : t('If {0} has no problems ({2}), delete the folder “{1}”.', vm, file, wayTo('examine', vm)),
  ],
  entryOfUnknownVm: ({ file }) => [
    t('The journal contains an operation that cannot be read. It could concern any VM, so no new operation can start.'),
    t('If your VMs have no problems ({1}), move “{0}” out of the journal.', file, wayTo('health')),
  ],
  settingsUnreadable: ({ file, why }) => [
    t(
      'The settings in “{0}” cannot be read, so every VM is treated as protected and agents are not allowed to do anything.',
      file,
    ),
    why === 'newer'
      ? t('A newer version of Virt Rewind wrote them. Update this one.')
      : t('Open the editor once, which writes them again. Or delete the file.'),
  ],
  runsUnseen: ({ vm, file }) => [
    t('A program has {1} open for writing, but libvirt reports that {0} is off.', vm, inQuotes(file)),
    t(
      '“fuser -v” names the program. If it is the QEMU process of {0}, shut down the guest from inside, otherwise end it. Then try again.',
      vm,
    ),
  ],
  mergeLost: ({ vm, disk, file, said }) => [
    t(
      'libvirt lost track of a merge on {0}. It reports that disk {1} uses “{2}”, but QEMU writes to “{3}” below it.',
      vm,
      disk,
      said,
      file,
    ),
    t('Leave {0} running. How to find the file in use: {1}', vm, wayTo('examine', vm)),
  ],
  begunOnOtherHost: ({ vm, host }) => [
    t('It may not have started here, on this VM: its journal names the host {0}.', host),
    t('Finish it on {0}. If it was another VM, or you have resolved it: {1}', host, wayTo('dismiss', vm)),
  ],
  brokeOffLongAgo: ({ vm }) => [
    t('That was more than an hour ago, or before this computer was started, so {0} is not changed automatically.', vm),
    finishIt(vm),
  ],
  notAsLeft: ({ vm, what }) => [changedSinceSentence(vm, what), finishIt(vm)],
  notByItself: ({ vm, setting }) => [
    t('The setting “Automatic Actions” is “{0}”, so {1} is not changed automatically.', setting, vm),
    finishIt(vm),
  ],
  vmGone: ({ vm }) => [t('An operation on {0} was interrupted, and the VM no longer exists.', vm), ''],
  usedSince: ({ vm }) => [
    t(
      'An operation on {0} was interrupted, and {0} may have been used after that. Finishing it now could undo later work.',
      vm,
    ),
    t('Check {0}: keep using it as it is, or revert it again. What was left over: {1}', vm, wayTo('examine', vm)),
  ],
  saveUsedUp: ({ vm, state }) => [
    state === 'paused'
      ? t('{0} was started from its saved state to create a snapshot of it, but there is no snapshot.', vm)
      : t('{0} was started from its saved state to create a snapshot of it, and is no longer paused.', vm),
    state === 'paused'
      ? t('{0} is paused and still has its RAM: resume it, create a snapshot, or save it again.', vm)
      : t('The saved state was used. The disks of {0} are as the VM left them.', vm),
  ],
  variablesReplaced: ({ vm, snapshot }) => [
    t('A revert of {0} was interrupted: it has UEFI variables or TPM state of {1}, but not its disks.', vm, snapshot),
    t('Revert {0} to {1} again. Or shut it down and restore those of its checkpoint.', vm, snapshot),
  ],
};

function finishIt(vm: string): string {
  return t('Check {0}. Finish the operation, or leave {0} as it is: {1}', vm, wayTo('finish', vm));
}

function changedSinceSentence(vm: string, what: string): string {
  switch (what) {
    case 'snapshots':
      return t('The snapshots of {0} were changed after that.', vm);
    case 'disks':
      return t('{0} was changed to other files after that.', vm);
    case 'power':
      return t('{0} was started, paused or shut down after that.', vm);
    case 'written':
      return t('A disk of {0} may have been written to after that.', vm);
    default:
      return t('It is unknown whether {0} was used after that.', vm);
  }
}
