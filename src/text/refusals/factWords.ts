// What a decision rests on and was not read, in words.
import { t } from '@vscode/l10n';

/** @param fact in the words of `Facts`, or the path of what gave no answer */
export function factWords(fact: string): string {
  switch (fact) {
    case 'otherVms':
      return t('which files other VMs use');
    case 'frozenDisks':
    case 'savedRam':
      return t('its snapshots');
    case 'files':
    case 'strays':
    case 'written':
      return t('its files');
    case 'agent':
      return t('its guest agent');
    case 'keeper':
      return t('its cluster');
    case 'operation':
      return t('another operation on it');
    default:
      return fact.startsWith('/') ? fact : t('its state');
  }
}
