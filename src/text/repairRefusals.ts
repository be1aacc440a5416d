// The refusals of the doctor's repairs, in the words of `refusalText`, of which they are a part.
import { t } from '@vscode/l10n';
import type { Sentences } from './refusalSentence.js';

export const repairRefusals: Pick<
  Sentences,
  'nothingToRepair' | 'imageInUse' | 'fileNotOrphan' | 'snapshotWhole' | 'currentNotesFiles' | 'notOnSnapshot'
> = {
  nothingToRepair: ({ vm }) => [
    t('What this would repair on {0} is not wrong any more, or cannot be seen now.', vm),
    t('Examine the VM again.'),
  ],
  imageInUse: ({ vm, file }) => [
    t('{0} is on and uses “{1}”, so nothing can be changed inside it.', vm, file),
    t('Shut {0} down first.', vm),
  ],
  fileNotOrphan: ({ vm, file }) => [
    t('It is not certain that nobody needs “{1}”, so it is not removed from the files of {0}.', vm, file),
    t('Examine the VM again: what is left over for certain is listed there.'),
  ],
  snapshotWhole: ({ snapshot }) => [
    t('As far as can be seen, the data of {0} is there.', snapshot),
    t('Delete the snapshot instead, so that its data goes in good order.'),
  ],
  currentNotesFiles: ({ vm, snapshot }) => [
    t(
      '{1} is the current snapshot, with which libvirt has noted the files of {0}; that note would be lost.',
      vm,
      snapshot,
    ),
    t('Take a snapshot of the present state first: then that one is current.'),
  ],
  notOnSnapshot: ({ vm, snapshot }) => [
    t('The disks of {0} are not built on {1}, so it cannot be the current one.', vm, snapshot),
    t('Take a snapshot of the present state: it becomes the current one.'),
  ],
};
