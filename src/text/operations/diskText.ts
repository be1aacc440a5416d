// What is said of a disk that is changed: in the question, when it is done, and beside it.
import { t } from '@vscode/l10n';
import { trashFolderOf } from '../../domain/hostFiles.js';
import type { DiskChange } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../bytesText.js';

interface DiskWords {
  readonly doing: (disk: string, size: string) => string;
  readonly question: (vm: string, disk: string, size: string) => string;
  readonly confirm: () => string;
  readonly done: (vm: string, disk: string, size: string) => string;
}

export const diskWords: Readonly<Record<DiskChange['do'], DiskWords>> = {
  grow: {
    doing: (disk, size) => t('growing disk {0} to {1}', disk, size),
    question: (vm, disk, size) => t('Grow disk {0} of {1} to {2}?', disk, vm, size),
    confirm: () => t('Grow Disk'),
    done: (vm, disk, size) => t('Disk {0} of {1} now has {2}.', disk, vm, size),
  },
  add: {
    doing: (_, size) => t('adding a disk of {0}', size),
    question: (vm, disk, size) => t('Add disk {0} of {1} to {2}?', disk, size, vm),
    confirm: () => t('Add Disk'),
    done: (vm, disk, size) => t('Added disk {0} of {1} to {2}.', disk, size, vm),
  },
  remove: {
    doing: (disk) => t('removing disk {0}', disk),
    question: (vm, disk) => t('Remove disk {0} from {1}?', disk, vm),
    confirm: () => t('Remove Disk'),
    done: (vm, disk) => t('Removed disk {0} from {1}.', disk, vm),
  },
};

export function sizeIn(change: DiskChange): string {
  return change.do === 'remove' ? '' : bytesText(change.bytes);
}

/** What it means for snapshots and files; empty for nothing. @param change as it was decided */
export function diskEffect(change: DiskChange): string {
  switch (change.do) {
    case 'grow':
      return t('Snapshots keep the size that the disk had. It cannot be made smaller again.');
    case 'add':
      return change.was === undefined
        ? t('Existing snapshots do not contain the disk: a revert to one removes it, and its file stays.')
        : '';
    case 'remove': {
      const file = change.was?.file ?? '';
      return change.was?.inTrash === true
        ? t('Its file is moved to {0}. Undo restores the disk.', displayLine(trashFolderOf(file)))
        : t('Its file stays, because snapshots use it: {0}. Undo restores the disk.', displayLine(file));
    }
  }
}

/** What is left to do; empty for nothing. Nobody but the guest knows what is on the disk. */
export function diskDoneText(change: DiskChange): string {
  switch (change.do) {
    case 'grow':
      return guestSizeText();
    case 'add':
      return change.was === undefined
        ? t('The new disk is empty. Create a file system on it in the guest (lsblk; mkfs), and mount it.')
        : '';
    case 'remove':
      return diskEffect(change);
  }
}

export function guestSizeText(): string {
  return t(
    'Then make the partition and the file system larger in the guest (growpart; resize2fs or xfs_growfs). A cloud image does this at its next start.',
  );
}

/** @param has bytes, where it must be more */
export function sizeProblemText(has?: number): string {
  return has === undefined
    ? t('Enter a size such as 40G.')
    : t('Enter a size such as 40G, larger than {0}.', bytesText(has));
}
