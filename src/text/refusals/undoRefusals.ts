// Why an operation of the log cannot be undone, and what would help.
import { t } from '@vscode/l10n';
import type { Sentences } from './refusalSentence.js';
import { wayTo } from '../ways.js';

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
        return [t('That revert saved no checkpoint to go back to.'), ''];
      case 'ofSystem':
        return [t('Part of an operation on the system {0}.', system), t('Undo it for the whole system.')];
      default:
        return [t('The previous state was not saved completely.'), t('Edit it manually.')];
    }
  },
};
