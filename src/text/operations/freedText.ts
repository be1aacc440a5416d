// What operations give back to the host, added up.
import { t } from '@vscode/l10n';
import { vmKey } from '../../live/views.js';
import { bytesText } from '../bytesText.js';
import type { PlannedTarget } from '../questions/lossText.js';

/** Snapshots of one VM may share what only both of them hold: together they free more than each by itself. */
export function freedText(planned: readonly PlannedTarget[]): readonly string[] {
  const all = planned.flatMap(({ plan }) => plan.warnings.flatMap((one) => (one.kind === 'frees' ? [one] : [])));
  const sure = all.filter(({ how }) => how !== 'atMost');
  if (all.length > 0 && sure.length === 0) {
    // Of those that tell nothing even the most is not known.
    return all.length < planned.length ? [] : [mostFreedText(all.reduce((sum, one) => sum + one.bytes, 0))];
  }
  const bytes = bytesText(sure.reduce((sum, one) => sum + one.bytes, 0));
  if (sure.length < planned.length) {
    return sure.length === 0 ? [] : [t('Frees at least {0}.', bytes)];
  }
  const vms = new Set(planned.map(({ target }) => vmKey(target.ref))).size;
  if (vms < planned.length || sure.some(({ how }) => how === 'atLeast')) {
    return [t('Frees at least {0}.', bytes)];
  }
  return [sure.some(({ how }) => how === 'estimate') ? t('Frees about {0}.', bytes) : t('Frees {0}.', bytes)];
}

export function mostFreedText(bytes: number): string {
  return t('Frees at most {0}.', bytesText(bytes));
}
