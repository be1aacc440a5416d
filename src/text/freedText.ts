// What operations give back to the host, added up. Knows nothing of the editor.
import { t } from '@vscode/l10n';
import { vmKey } from '../inventory/views.js';
import { bytesText } from './bytesText.js';
import type { PlannedTarget } from './shortLosses.js';

/** Snapshots of one VM may share what only both of them hold: together they free more than each by itself. */
export function freedText(planned: readonly PlannedTarget[]): readonly string[] {
  const all = planned.flatMap(({ plan }) => plan.warnings.flatMap((one) => (one.kind === 'frees' ? [one] : [])));
  const bytes = bytesText(all.reduce((sum, one) => sum + one.bytes, 0));
  if (all.length < planned.length) {
    return all.length === 0 ? [] : [t('The host gets {0} back, or more.', bytes)];
  }
  const vms = new Set(planned.map(({ target }) => vmKey(target.ref))).size;
  if (vms < planned.length || all.some(({ how }) => how === 'atLeast')) {
    return [t('The host gets {0} back, or more.', bytes)];
  }
  return [
    all.some(({ how }) => how === 'estimate')
      ? t('The host gets about {0} back.', bytes)
      : t('The host gets {0} back.', bytes),
  ];
}
