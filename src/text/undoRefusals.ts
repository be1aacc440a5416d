// Why an operation of the log cannot be undone, and what would help. Knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { Sentences } from './refusalSentence.js';

export const undoRefusals: Pick<Sentences, 'notUndoable'> = {
  notUndoable: ({ why, entries = '', snapshot = '', system = '' }) => {
    switch (why) {
      case 'power':
        return [t('Starting and stopping a VM is not undone: what its guest did meanwhile stays.'), ''];
      case 'merged':
        return [t('This cannot be undone: layers were merged, and what told them apart is gone.'), ''];
      case 'repaired':
        return [t('A repair is not undone: what was there before was broken.'), ''];
      case 'cloned':
        return [t('A clone is a VM of its own.'), t('Discard it there.')];
      case 'discarded':
        return [t('The clone went with its files.'), ''];
      case 'deleted':
        return [t('This delete cannot be undone: what the snapshot alone held is gone.'), ''];
      case 'undone':
        return [t('It has been undone already, by {0}.', entries), t('Undo that, and it is done again.')];
      case 'restsOn':
        return snapshot === ''
          ? [t('Later operations rest on it.'), t('Undo these first: {0}.', entries)]
          : entries === ''
            ? [t('{0} was made on it.', snapshot), t('Delete that first.')]
            : [t('{0} was made on it.', snapshot), t('Undo these first: {0}.', entries)];
      case 'gone':
        return [t('The snapshot {0}, which it is about, is gone, or another one has its name.', snapshot), ''];
      case 'changed':
        return [t('Somebody has changed {0} since.', snapshot), t('Edit it by hand.')];
      case 'noCheckpoint':
        return [t('That revert kept no checkpoint to go back to.'), ''];
      case 'ofSystem':
        return [
          t('It was done with the other VMs of the system {0}: one alone would not fit them any more.', system),
          t('Undo it in the system: its revert, or its restore point.'),
        ];
      default:
        return [t('Not all of what was before was kept.'), t('Edit it by hand.')];
    }
  },
};
