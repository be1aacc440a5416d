// For how long a warning is to be snoozed.
import { t } from '@vscode/l10n';
import { pick } from '../prompts/pickTarget.js';
const dayMs = 24 * 60 * 60 * 1000;

/** Resolves to milliseconds; the user may also leave. */
export function pickSnooze(): Promise<number> {
  return pick(
    [
      { label: t('For 1 Day'), value: dayMs },
      { label: t('For 1 Week'), value: 7 * dayMs },
      { label: t('For 1 Month'), value: 30 * dayMs },
    ],
    t('Select how long to snooze'),
  );
}
