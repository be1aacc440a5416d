// The refusals of the doctor's repairs, in the words of `refusalText`, of which they are a part.
import { t } from '@vscode/l10n';
import type { Sentences } from './refusalSentence.js';
import { wayTo } from '../ways.js';

export const repairRefusals: Pick<
  Sentences,
  | 'nothingToRepair'
  | 'tagNotWhole'
  | 'imageInUse'
  | 'fileNotOrphan'
  | 'snapshotWhole'
  | 'currentNotesFiles'
  | 'notOnSnapshot'
> = {
  nothingToRepair: ({ vm }) => [
    t('This problem of {0} no longer exists, or cannot be seen now.', vm),
    t('To check again: {0}', wayTo('examine', vm)),
  ],
  tagNotWhole: ({ tag, disk, why }) => [
    why === 'name'
      ? t('libvirt cannot use “{0}” as the name of a snapshot.', tag)
      : why === 'missing'
        ? t('Disk {1} has no “{0}” inside, so it is no snapshot of the whole VM.', tag, disk)
        : t('“{0}” in disk {1} is from another time than in the other disks.', tag, disk),
    t('To keep its content, copy it out with “qemu-img convert -l” while the VM is off.'),
  ],
  imageInUse: ({ vm, file }) => [
    t('{0} is on and uses “{1}”, so nothing can be changed inside it.', vm, file),
    t('Shut down {0} first.', vm),
  ],
  fileNotOrphan: ({ vm, file }) => [
    t('Something may still need “{1}”, so it is not deleted from the files of {0}.', vm, file),
    t('To check again: {0}', wayTo('examine', vm)),
  ],
  snapshotWhole: ({ snapshot }) => [
    t('The data of {0} seems to be complete.', snapshot),
    t('Delete the snapshot instead, which removes its data correctly.'),
  ],
  currentNotesFiles: ({ vm, snapshot }) => [
    t(
      '{1} is the current snapshot. libvirt keeps the record of the files of {0} with it, and would lose that record.',
      vm,
      snapshot,
    ),
    t('Create a snapshot of the current state first. It becomes the current snapshot.'),
  ],
  notOnSnapshot: ({ vm, snapshot }) => [
    t('The disks of {0} are not built on {1}, so it cannot be the current snapshot.', vm, snapshot),
    t('Create a snapshot of the current state first. It becomes the current snapshot.'),
  ],
};
