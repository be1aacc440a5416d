// What cannot be done now, as a line of a list: it is shown with its reason, and a pick shows the whole reason.
import { t } from '@vscode/l10n';
import type { Refusal } from '../../domain/refusal.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import type { Choice } from './pickTarget.js';

export function refusalChoice<T>(label: string, refusal: Refusal, value: T): Choice<T> {
  return {
    icon: 'circle-slash',
    label,
    description: t('not available now'),
    detail: refusalText(refusal).reason,
    value,
  };
}
