// What operations give back to the host, added up.
import { t } from '@vscode/l10n';
import type { Size } from '../../domain/layers.js';
import { vmKey } from '../../live/views.js';
import { bytesText } from '../bytesText.js';
import type { PlannedTarget } from '../questions/lossText.js';

/** Snapshots of one VM may share what only both of them hold: together they free more than each by itself. */
export function freedText(planned: readonly PlannedTarget[]): readonly string[] {
  const all = planned.flatMap(({ plan }) => plan.warnings.flatMap((one) => (one.kind === 'frees' ? [one] : [])));
  const sure = all.filter(({ how }) => how !== 'atMost');
  if (all.length > 0 && sure.length === 0) {
    // Without the numbers of some, the most is not known.
    return all.length < planned.length
      ? []
      : [
          freesText(
            all.reduce((sum, one) => sum + one.bytes, 0),
            'atMost',
          ),
        ];
  }
  if (sure.length === 0) {
    return [];
  }
  const bytes = sure.reduce((sum, one) => sum + one.bytes, 0);
  const vms = new Set(planned.map(({ target }) => vmKey(target.ref))).size;
  const isPart = sure.length < planned.length || vms < planned.length || sure.some(({ how }) => how === 'atLeast');
  return [freesText(bytes, isPart ? 'atLeast' : sure.some(({ how }) => how === 'estimate') ? 'estimate' : 'exact')];
}

/** @param bytes below zero where what stays grows by more than what goes */
export function freesText(bytes: number, how: Size['how']): string {
  const size = bytesText(Math.abs(bytes));
  if (bytes < 0) {
    return how === 'atLeast' || how === 'estimate'
      ? t('Frees nothing: up to {0} more space is taken.', size)
      : t('Frees nothing: {0} more space is taken.', size);
  }
  switch (how) {
    case 'atMost':
      return t('Frees at most {0}.', size);
    case 'atLeast':
      return t('Frees at least {0}.', size);
    case 'estimate':
      return t('Frees about {0}.', size);
    case 'exact':
      return t('Frees {0}.', size);
  }
}
