// What a person is told of the cluster that keeps a VM.
import { t } from '@vscode/l10n';
import type { Keeper } from '../../domain/keeper.js';

export function keeperText(keeper: Keeper | 'unknown' | 'unseen'): string {
  switch (keeper) {
    case 'unknown':
      return t('there is one that does not answer');
    case 'unseen':
      return t('not known: no shell leads to its host');
  }
  const { resource, mayRunOn, elsewhere, rests } = keeper;
  return [
    t('runs it as “{0}”', resource),
    ...(elsewhere.length === 0 ? [] : [t('now on {0}', elsewhere.join(', '))]),
    ...(mayRunOn.length === 0 ? [] : [t('may run it on {0}', mayRunOn.join(', '))]),
    ...(rests === 'no' ? [] : [t('leaves it alone')]),
  ].join(' · ');
}
